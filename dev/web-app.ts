import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  coreServices,
  createBackendPlugin,
} from '@backstage/backend-plugin-api';
import { type RequestHandler, Router, static as serveStatic } from 'express';
import { frontendConfig } from './config';

/**
 * Serves the bundled web app on the backend's own port: Backstage sends every
 * request that no other plugin answers to the plugin named `app`.
 *
 * @param directory - what dev/app/build.mjs made
 */
export function webApp(directory: string) {
  return createBackendPlugin({
    pluginId: 'app',
    register(env) {
      env.registerInit({
        deps: {
          config: coreServices.rootConfig,
          httpRouter: coreServices.httpRouter,
        },
        async init({ config, httpRouter }) {
          const page = withConfiguration(
            await readFile(join(directory, 'index.html'), 'utf8'),
            frontendConfig(config),
          );
          const router = Router();
          router.use(
            '/static',
            // The names carry a hash of the content; what is not there must not look like the page.
            serveStatic(join(directory, 'static'), {
              immutable: true,
              maxAge: '1y',
              fallthrough: false,
            }),
          );
          router.get('*', sendPage(page));
          httpRouter.use(router);
          httpRouter.addAuthPolicy({ path: '/', allow: 'unauthenticated' });
        },
      });
    },
  });
}

function withConfiguration(html: string, data: unknown): string {
  const json = JSON.stringify([{ context: 'backend', data }]);
  // A "</script>" in a value would end the element.
  const text = json.replaceAll('<', '\\u003c');
  return html.replace(
    '<!-- configuration -->',
    () => `<script type="backstage.io/config">${text}</script>`,
  );
}

function sendPage(page: string): RequestHandler {
  return (_request, response) => {
    response
      .type('html')
      .set('Cache-Control', 'no-store, max-age=0')
      .send(page);
  };
}
