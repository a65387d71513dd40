import { createHash, timingSafeEqual } from 'node:crypto';
import {
  coreServices,
  createBackendModule,
} from '@backstage/backend-plugin-api';
import { eventsExtensionPoint } from '@backstage/plugin-events-node/alpha';
import type { RequestValidator } from '@backstage/plugin-events-node';
import { readIngressSettings, type IngressSettings } from '../config/events';
import { TOPIC } from './notification';

/**
 * Opens `POST /api/events/http/azureDevOps` to service hooks that present a user
 * name and a password, where `catalog.azureDevOps.events.ingress` has them. Azure
 * DevOps shows the password of a subscription to nobody; the values of a header,
 * which Backstage's own module checks, to everybody who may see the subscription.
 *
 * Without the block it does nothing.
 *
 * @public
 */
export const eventsModuleAzureDevOpsIngress = createBackendModule({
  pluginId: 'events',
  moduleId: 'azure-devops-basic-authentication',
  register(env) {
    env.registerInit({
      deps: {
        config: coreServices.rootConfig,
        events: eventsExtensionPoint,
      },
      async init({ config, events }) {
        const settings = readIngressSettings(config);
        if (settings) {
          events.addHttpPostIngress({
            topic: TOPIC,
            validator: basicAuthentication(settings),
          });
        }
      },
    });
  },
});

/** Rejects requests without this user name and password. */
export function basicAuthentication({
  username,
  password,
}: IngressSettings): RequestValidator {
  const expected = digest(`${username}:${password}`);
  return async (request, context) => {
    const header = request.headers['authorization'];
    const [, encoded = ''] =
      (typeof header === 'string' &&
        /^basic +([a-z0-9+/=_-]{1,2048})$/i.exec(header)) ||
      [];
    const presented = digest(Buffer.from(encoded, 'base64').toString('utf8'));
    // The events plugin publishes the headers with the event, and logs them.
    delete request.headers['authorization'];
    if (!timingSafeEqual(presented, expected)) {
      context.reject({
        status: 401,
        payload: {
          message:
            'The user name and password of the subscription are not those of catalog.azureDevOps.events.ingress',
        },
      });
    }
  };
}

/** Of one length whatever the text, so that comparing takes one time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
