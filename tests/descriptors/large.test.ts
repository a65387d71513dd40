import { Worker } from 'node:worker_threads';
import { parseEntityYaml } from '@backstage/plugin-catalog-node';
import { YamlParser } from '../../src/descriptors/yaml';
import { YamlWorker } from '../../src/descriptors/yaml-worker';
import { readDescriptor, TARGET, testYamlParser } from './support/read';

/** An OpenAPI definition as tools write it, one line for each key. */
function openApi(paths: number): string {
  const operation = (method: string, index: number) => `    ${method}:
      operationId: ${method}Order${index}
      summary: "Orders of kind ${index}, as they were: [all], {some} & none"
      tags: [orders, kind-${index}]
      parameters:
        - name: id
          in: path
          required: true
          schema: { type: string, pattern: '^[a-z]+$' }
      responses:
        '200':
          description: The order.
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/Order${index}'
        '404': { description: "There is none." }
`;
  return `openapi: 3.0.3
info: { title: Orders, version: 1.0.0 }
paths:
${Array.from(
  { length: paths },
  (_, index) =>
    `  /orders/${index}/{id}:\n${operation('get', index)}${operation('delete', index)}`,
).join('')}`;
}

function api(definition: string): string {
  return `apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: orders
spec:
  type: openapi
  lifecycle: production
  owner: team-a
  definition: |
${definition.replace(/^(?=.)/gm, '    ')}`;
}

describe('a large descriptor', () => {
  const yaml = testYamlParser();

  it('gives the entity that Backstage gives, with a definition of 500 KB inlined', async () => {
    const definition = openApi(420);
    const content = api(definition);
    expect(content.length).toBeGreaterThan(500_000);
    const [theirs] = parseEntityYaml(content, { type: 'url', target: TARGET });
    expect(theirs).toMatchObject({ type: 'entity' });

    expect(await readDescriptor(yaml, content)).toMatchObject([
      { outcome: 'entity', entity: { spec: { definition } } },
    ]);
  });

  it('gives every entity of thousands of documents', async () => {
    const names = Array.from({ length: 3_000 }, (_, index) => `c-${index}`);
    const documents = await readDescriptor(
      yaml,
      names.map(name => component(name)).join('---\n'),
    );
    expect(documents.map(({ outcome }) => outcome)).toEqual(
      names.map(() => 'entity'),
    );
  });
});

/** Takes Backstage's parser minutes. */
const ENDLESS = `${'? '.repeat(1_000)}\n`;

/** Not plain, because of the anchor, so that Backstage's parser reads it. */
function component(name: string): string {
  return `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: &m { name: ${name} }\n`;
}

describe('a document that takes too much time', () => {
  const yaml = testYamlParser({ limits: { deadlineMs: 2_000 } });

  it('is rejected when its time is up, and the others of its file give their entities', async () => {
    const content = [component('first'), ENDLESS, component('last')];
    expect(await readDescriptor(yaml, content.join('---\n'))).toMatchObject([
      { outcome: 'entity', entityRef: 'component:default/first' },
      {
        outcome: 'rejected',
        index: 1,
        reason: 'too-large',
        line: 5,
        message: expect.stringMatching(
          /cannot read it in 2 s; make it smaller/,
        ),
      },
      { outcome: 'entity', entityRef: 'component:default/last' },
    ]);
  });

  it('delays later files, and costs them nothing', async () => {
    const [endless, later] = await Promise.all([
      readDescriptor(yaml, ENDLESS),
      readDescriptor(yaml, component('later')),
    ]);
    expect(endless).toMatchObject([{ outcome: 'rejected' }]);
    expect(later).toMatchObject([{ outcome: 'entity' }]);
  });

  it('is not waited for again and again when the file is full of them', async () => {
    const documents = await readDescriptor(
      yaml,
      Array.from({ length: 500 }, () => ENDLESS).join('---\n'),
    );
    expect(documents).toHaveLength(500);
    expect(new Set(documents.map(({ outcome }) => outcome))).toEqual(
      new Set(['rejected']),
    );
  });
});

describe('a file of which each document takes nearly too much time', () => {
  const yaml = testYamlParser({ limits: { deadlineMs: 1_000 } });

  it('does not keep other files waiting for longer than a few of its documents take', async () => {
    const parse = jest
      .spyOn(YamlWorker.prototype, 'parse')
      .mockImplementation(async ({ text, maxLength: left }) =>
        text.length > 1_000
          ? { outcome: 'expired', limit: 'time' }
          : { outcome: 'parsed', documents: [], left, tookMs: 900 },
      );
    try {
      const names = Array.from({ length: 100 }, (_, index) => `c-${index}`);
      await readDescriptor(
        yaml,
        names.map(name => component(name)).join('---\n'),
      );
      expect(parse.mock.calls.length).toBeLessThanOrEqual(4);
    } finally {
      parse.mockRestore();
    }
  });
});

describe('a document that takes too much memory', () => {
  const yaml = testYamlParser({ limits: { memoryMb: 32 } });

  it('is rejected, and the process and the other documents live on', async () => {
    const greedy = `spec:\n${'  - a\n'.repeat(300_000)}`;
    const content = [component('first'), greedy, component('last')];
    expect(await readDescriptor(yaml, content.join('---\n'))).toMatchObject([
      { outcome: 'entity', entityRef: 'component:default/first' },
      {
        outcome: 'rejected',
        reason: 'too-large',
        message: expect.stringContaining('with 32 MB of memory'),
      },
      { outcome: 'entity', entityRef: 'component:default/last' },
    ]);
  });
});

describe('a thread that ends while it reads', () => {
  const yaml = testYamlParser();

  it('leaves its file unknown, not rejected, and later files are read by another thread', async () => {
    expect(await readDescriptor(yaml, component('before'))).toHaveLength(1);
    const post = jest
      .spyOn(Worker.prototype, 'postMessage')
      .mockImplementationOnce(function end(this: Worker) {
        void this.terminate();
      });
    try {
      const [lost, later] = await Promise.allSettled([
        readDescriptor(yaml, component('lost')),
        readDescriptor(yaml, component('later')),
      ]);
      expect(lost).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringMatching(/thread .* ended/) },
      });
      expect(later).toMatchObject({
        status: 'fulfilled',
        value: [{ outcome: 'entity', entityRef: 'component:default/later' }],
      });
    } finally {
      post.mockRestore();
    }
  });
});

describe('when the backend stops', () => {
  it('a descriptor that is being read ends as unknown, not as rejected', async () => {
    const yaml = new YamlParser({ enableYamlMerge: false });
    const reading = [ENDLESS, component('waiting')].map(content =>
      readDescriptor(yaml, content),
    );
    const ended = Promise.allSettled(reading);
    await yaml.close();
    const closed = {
      status: 'rejected',
      reason: {
        name: 'ServiceUnavailableError',
        message: expect.stringMatching(/closed/),
      },
    };
    expect(await ended).toMatchObject([closed, closed]);
  });
});
