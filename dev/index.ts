// The process of `npm start` that runs Backstage.
import { once } from 'node:events';
import { EnvHttpProxyAgent, setGlobalDispatcher } from 'undici';
import { createDevelopmentBackend } from './backend';
import { askCatalog } from './catalog-api';
import { follow } from './follow';
import { type BackendOptions, isBackendOptions } from './messages';
import { isPortTaken, PORT_TAKEN } from './ports';
import { formatAddresses, formatSummary } from './report';
import { StartError } from './settings';
import { failures } from './summary';

/** @returns the exit code */
async function run(
  options: BackendOptions,
  signal: AbortSignal,
): Promise<number> {
  const { backend, baseUrl, ingestion, summarized } =
    await createDevelopmentBackend(options);
  try {
    await backend.start();
    const addresses = formatAddresses({ ...options, baseUrl });
    if (!options.once) console.log(addresses);

    const followed = await follow({
      ingestion,
      catalog: () => askCatalog(baseUrl, { signal }),
      print: line => console.log(line),
      now: () => performance.now(),
      signal,
    });
    summarized();
    console.log(formatSummary(followed.ingestion, followed.catalog));
    if (followed.disagreement) console.error(followed.disagreement);

    if (options.once) {
      const failed =
        followed.disagreement !== undefined ||
        failures(followed.ingestion).length > 0;
      return failed ? 1 : 0;
    }
    console.log(`\n${addresses}\nCtrl-C stops it.`);
    await once(signal, 'abort');
    return 0;
  } catch (error) {
    if (signal.aborted) return 0;
    if (isPortTaken(error)) return PORT_TAKEN;
    throw error;
  } finally {
    await backend.stop();
  }
}

/** Whether its message is enough: a person's mistake, or what Backstage has logged in full. */
function isUnderstood(error: unknown): error is Error {
  return (
    error instanceof StartError ||
    (error instanceof Error && error.name === 'BackendStartupError')
  );
}

// Node's own fetch, with which Backstage reads URLs, takes no notice of HTTPS_PROXY.
setGlobalDispatcher(new EnvHttpProxyAgent());

const stopping = new AbortController();
process.once('disconnect', () => stopping.abort());
process.on('message', message => {
  if (!isBackendOptions(message)) return;
  run(message, stopping.signal).then(
    code => process.exit(code),
    error => {
      console.error(isUnderstood(error) ? error.message : error);
      process.exit(1);
    },
  );
});
if (!process.send) {
  console.error('This is a part of `npm start`, which tells it what to do.');
  process.exit(1);
}
