import type * as ClientCertificates from '../../dev/simulator/certificates/client';
import type * as SimulatorModule from '../../dev/simulator/simulator';
import { keepEveryError } from './every-error';
import { SecretScan, setSecretScan } from './secret-scan';

// Runs before each test file: whatever the file is about, nothing of it may show
// a secret, a token or an assertion. The one place for them is the Authorization
// header of a request to Azure DevOps.

/** These name secrets on purpose, or send made-up credentials to the simulator themselves. */
const EXEMPT = ['tests/credentials/secret-scan.test.ts', 'tests/simulator/'];
/** Doors of the simulator at which Azure DevOps answers. */
const AZURE_DEVOPS: readonly string[] = ['cloud', 'server'];
/** Shorter ones are words that tests use, which texts contain for other reasons. */
const SHORTEST = 8;

const { testPath = '' } = expect.getState();
if (!EXEMPT.some(path => testPath.includes(path))) {
  const scan = new SecretScan();
  setSecretScan(scan);
  scan.watchOutput();
  const errors = keepEveryError(globalThis);
  const simulators: SimulatorModule.Simulator[] = [];
  scanSimulators(scan, simulators);
  registerKeys(scan);

  afterAll(() => {
    scan.close();
    for (const error of errors.end()) {
      scan.saw('an error', error);
    }
    for (const simulator of simulators) {
      scan.sawRequests(simulator.requests.list({}), ({ door }) =>
        AZURE_DEVOPS.includes(door),
      );
    }
    expect(scan.leaks()).toEqual([]);
  });
}

/** Registers every secret that a simulator is given, and keeps it for the sake of the requests that it receives. */
function scanSimulators(
  scan: SecretScan,
  simulators: SimulatorModule.Simulator[],
): void {
  const register = (name: string, secret: string | undefined) => {
    if (secret !== undefined && secret.length >= SHORTEST) {
      scan.register(name, secret);
    }
  };
  // Only files that have a simulator load it.
  jest.mock('../../dev/simulator/simulator', () => {
    const actual = jest.requireActual<typeof SimulatorModule>(
      '../../dev/simulator/simulator',
    );
    const { start } = actual.Simulator;
    actual.Simulator.start = async options => {
      const simulator = await start.call(actual.Simulator, options);
      simulators.push(simulator);
      const addToken = simulator.addPersonalAccessToken.bind(simulator);
      simulator.addPersonalAccessToken = (token, ...rest) => {
        register('a personal access token', token);
        return addToken(token, ...rest);
      };
      const { entra } = simulator.parts;
      const addApplication = entra.addApplication.bind(entra);
      entra.addApplication = application => {
        const { secret, secrets = [] } = application;
        register('a client secret', secret);
        for (const further of secrets) {
          register(
            'a client secret',
            typeof further === 'string' ? further : further.value,
          );
        }
        return addApplication(application);
      };
      const addIssuer = entra.addIssuer.bind(entra);
      entra.addIssuer = address => {
        const issuer = addIssuer(address);
        const token = issuer.token.bind(issuer);
        issuer.token = async options => {
          const made = await token(options);
          const [, claims, signature] = made.split('.');
          register('a federated token', claims);
          register('a federated token', signature);
          return made;
        };
        return issuer;
      };
      return simulator;
    };
    return actual;
  });
}

/** Registers the private key of every certificate that is made for an application. */
function registerKeys(scan: SecretScan): void {
  jest.mock('../../dev/simulator/certificates/client', () => {
    const actual = jest.requireActual<typeof ClientCertificates>(
      '../../dev/simulator/certificates/client',
    );
    return {
      ...actual,
      createClientCertificate: (
        ...options: Parameters<typeof actual.createClientCertificate>
      ) => {
        const made = actual.createClientCertificate(...options);
        // The first lines of all keys are alike.
        const lines = made.key.trim().split(/\r?\n/);
        for (const line of [...lines.slice(3, 6), ...lines.slice(-4, -2)]) {
          scan.register('a private key', line);
        }
        return made;
      },
    };
  });
}
