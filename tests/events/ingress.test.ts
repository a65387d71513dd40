import { basicAuthentication } from '../../src/events/ingress';

const PASSWORD = 'correct horse battery staple';
const validate = basicAuthentication({
  username: 'azure-devops',
  password: PASSWORD,
});

/** The status of the rejection; `undefined` when the request is let in. */
async function answerTo(
  authorization: string | string[] | undefined,
): Promise<number | undefined> {
  let status: number | undefined;
  const request = {
    body: {},
    headers: { authorization },
    raw: { body: Buffer.from('{}'), encoding: 'utf8' as const },
    query: {},
  };
  await validate(request, { reject: details => (status = details?.status) });
  // The events plugin publishes the headers with the event.
  expect(request.headers).toEqual({});
  return status;
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('the address for events', () => {
  it('lets in what presents the user name and password, and passes neither on', async () => {
    expect(await answerTo(basic(`azure-devops:${PASSWORD}`))).toBeUndefined();
    expect(
      await answerTo(
        basic(`azure-devops:${PASSWORD}`).replace('Basic', 'basic'),
      ),
    ).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['another password', basic(`azure-devops:${PASSWORD}!`)],
    ['another user name', basic(`azure:${PASSWORD}`)],
    ['the beginning of it', basic(`azure-devops:${PASSWORD.slice(0, -1)}`)],
    ['an empty password', basic('azure-devops:')],
    ['a token', `Bearer ${PASSWORD}`],
    ['something that is not encoded', `Basic azure-devops:${PASSWORD}`],
    ['two headers', [basic(`azure-devops:${PASSWORD}`), basic('x:y')]],
    ['a header of a megabyte', basic('x'.repeat(1_048_576))],
  ])('rejects %s', async (_what, header) => {
    expect(await answerTo(header)).toBe(401);
  });
});
