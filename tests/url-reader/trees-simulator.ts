// The simulator that trees.test.ts starts as a process of its own.
import { Simulator } from '../../dev/simulator/index';
import type { Traffic } from './trees.test';

const CHANGED = '/docs/folder-1/page-1.md';

async function main(size: number, token: string): Promise<void> {
  const simulator = await Simulator.start({ limiter: {} });
  simulator.addPersonalAccessToken(token, { identity: 'alice' });
  const contoso = simulator.addOrganization('contoso');
  contoso.grant('alice');
  const repository = contoso.addProject('Docs').addRepository('docs', {
    files: Object.fromEntries(
      Array.from({ length: size }, (_, i) => [
        i ? `/docs/folder-${i % 97}/page-${i}.md` : '/README.md',
        `# Page ${i}\n${words(i + 1)}`,
      ]),
    ),
  });
  simulator.inject({ match: {}, delayMs: 60 });
  let pushes = 0;
  process.on('message', question => {
    if (question === 'push') {
      repository.push({ files: { [CHANGED]: `# Changed ${++pushes}` } });
    }
    const traffic: Traffic = {
      requests: simulator.requests.count(),
      bytes: simulator.requests.bytes(),
    };
    simulator.requests.reset();
    process.send?.(traffic);
  });
  process.once('disconnect', () => process.exit());
  const { environment, serverUrl } = simulator;
  process.send?.({ environment, serverUrl });
}

/** About 2 KB that are as hard to compress as prose is. */
function words(seed: number): string {
  let random = Math.imul(seed, 2_654_435_761);
  return Array.from({ length: 300 }, () => {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    return VOCABULARY[(random >>> 0) % VOCABULARY.length];
  }).join(' ');
}

const VOCABULARY =
  'service deploy cluster team of the a to in for endpoint request queue database index schema when failure retry owner catalog entity page with is and not configure value default install run test build image release note version branch commit change guide step first then next alert metric dashboard login secret token policy rule allow deny user group system domain resource component template'.split(
    ' ',
  );

const [, , size, token = ''] = process.argv;
void main(Number(size), token);
