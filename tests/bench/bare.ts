import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { load } from 'js-yaml';
import { ProxyAgent, type Dispatcher } from 'undici';
import { DESCRIPTOR, ORGANIZATION, TOKEN } from './landscape';

const ORIGIN = 'https://dev.azure.com';
const HEADERS = {
  authorization: `Basic ${Buffer.from(`:${TOKEN}`).toString('base64')}`,
  accept: 'application/json;api-version=7.1',
};

/**
 * The bare limit: nothing but the requests that cannot be done without, as many
 * at once as we make, their answers parsed, and everything forgotten.
 */
export class BareLimit {
  readonly #dispatcher: Dispatcher;

  constructor(
    private readonly concurrency: number,
    proxy: string,
  ) {
    // Its connections to one origin are an undici Pool.
    this.#dispatcher = new ProxyAgent({ uri: proxy, connections: concurrency });
  }

  /**
   * @param names - of the repositories that are known to have changed; otherwise all
   * @returns how many descriptors were read
   */
  async run(names?: readonly string[]): Promise<number> {
    const wanted = names && new Set(names);
    const ids = (await this.#list())
      .filter(({ name }) => wanted?.has(name) ?? true)
      .map(({ id }) => id);
    let next = 0;
    let read = 0;
    const worker = async () => {
      while (next < ids.length) {
        const id = ids[next++]!;
        const body = await this.#get(
          `/_apis/git/repositories/${id}/items?path=${encodeURIComponent(DESCRIPTOR)}&includeContent=true`,
        );
        const { content } = JSON.parse(body.toString('utf8')) as {
          content: string;
        };
        const document = load(content);
        read += document ? 1 : 0;
      }
    };
    await Promise.all(Array.from({ length: this.concurrency }, worker));
    return read;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #list(): Promise<Array<{ id: string; name: string }>> {
    const compressed = await this.#get('/_apis/git/repositories', {
      'accept-encoding': 'gzip',
    });
    const body = await promisify(gunzip)(compressed);
    const { value } = JSON.parse(body.toString('utf8')) as {
      value: Array<{ id: string; name: string }>;
    };
    return value;
  }

  async #get(path: string, headers = {}): Promise<Buffer> {
    const { statusCode, body } = await this.#dispatcher.request({
      origin: ORIGIN,
      path: `/${ORGANIZATION}${path}`,
      method: 'GET',
      headers: { ...HEADERS, ...headers },
    });
    const content = Buffer.from(await body.arrayBuffer());
    if (statusCode !== 200) {
      throw new Error(`${path}: ${statusCode} ${content.toString('utf8')}`);
    }
    return content;
  }
}
