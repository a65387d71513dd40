import {
  classifyResponse,
  isExpected,
  type UnexpectedResponse,
} from '../../src/azure/classify';
import { secretsOf } from '../../src/azure/transport';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const HTML_TYPE = { 'content-type': 'text/html; charset=utf-8' };

function envelope(typeKey: string, message: string): string {
  return JSON.stringify({ $id: '1', message, typeKey, errorCode: 0 });
}

function classify(answer: Partial<UnexpectedResponse>, secrets?: string[]) {
  return classifyResponse(
    { status: 200, headers: {}, body: '', ...answer },
    { now: 0, secrets },
  );
}

describe('Whether an answer is accepted', () => {
  it.each([
    [200, JSON_TYPE, 'json', true],
    [200, { 'content-type': 'application/vnd.x+json' }, 'json', true],
    [200, HTML_TYPE, 'json', false],
    [200, {}, 'json', false],
    [203, JSON_TYPE, 'json', false],
    [204, JSON_TYPE, 'json', false],
    [206, JSON_TYPE, 'json', false],
    [304, JSON_TYPE, 'json', false],
    [404, JSON_TYPE, 'json', false],
    [200, { 'content-type': 'application/octet-stream' }, 'bytes', true],
    [200, {}, 'bytes', true],
    [200, HTML_TYPE, 'bytes', false],
    [203, {}, 'bytes', false],
  ] as const)(
    '%s with %j, where %s is expected: %s',
    (status, headers, expects, expected) => {
      expect(isExpected(status, headers, expects)).toBe(expected);
    },
  );
});

describe('An answer that was not expected', () => {
  const TF400733 =
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.';

  it.each([
    ['401', { status: 401 }, 'unauthorized', false, false],
    [
      '203 with a page',
      {
        status: 203,
        headers: HTML_TYPE,
        body: '<title>Azure DevOps Services | Sign In</title>',
      },
      'sign-in',
      false,
      false,
    ],
    [
      '302 to the sign-in',
      {
        status: 302,
        headers: {
          location:
            'https://spsprodeus2.vssps.visualstudio.com/_signin?realm=dev.azure.com&reply_to=x',
        },
      },
      'sign-in',
      false,
      false,
    ],
    [
      '302 to somewhere',
      { status: 302, headers: { location: 'https://user:pw@elsewhere/x?y' } },
      'redirected',
      false,
      false,
    ],
    [
      '307 to a path',
      { status: 307, headers: { location: '/x' } },
      'redirected',
      false,
      false,
    ],
    ['200 with a page', { headers: HTML_TYPE }, 'sign-in', false, false],
    ['200 without a type', {}, 'malformed', true, false],
    ['204', { status: 204 }, 'malformed', false, false],
    ['304', { status: 304 }, 'malformed', false, false],
    ['403', { status: 403 }, 'forbidden', false, false],
    [
      '403 that blocks',
      {
        status: 403,
        headers: JSON_TYPE,
        body: envelope('RequestBlockedException', TF400733),
      },
      'throttled',
      true,
      true,
    ],
    [
      '403 that blocks on a page',
      { status: 403, headers: HTML_TYPE, body: `<p>${TF400733}</p>` },
      'throttled',
      true,
      true,
    ],
    ['404', { status: 404, headers: HTML_TYPE }, 'not-found', false, false],
    [
      '400 for a missing project',
      {
        status: 400,
        headers: JSON_TYPE,
        body: envelope('ProjectDoesNotExistException', 'VS800075: ...'),
      },
      'not-found',
      false,
      false,
    ],
    [
      '400',
      {
        status: 400,
        headers: JSON_TYPE,
        body: envelope('VssVersionOutOfRangeException', 'out of range'),
      },
      'bad-request',
      false,
      false,
    ],
    ['405', { status: 405 }, 'bad-request', false, false],
    ['407', { status: 407 }, 'network', false, false],
    ['408', { status: 408 }, 'timeout', true, false],
    ['410', { status: 410 }, 'bad-request', false, false],
    ['429', { status: 429 }, 'throttled', true, true],
    ['500', { status: 500 }, 'unavailable', true, false],
    ['501', { status: 501 }, 'unavailable', false, false],
    ['502', { status: 502, headers: HTML_TYPE }, 'unavailable', true, false],
    ['503', { status: 503, headers: HTML_TYPE }, 'unavailable', true, true],
    ['504', { status: 504 }, 'unavailable', true, false],
  ] as const)(
    'is classified: %s',
    (_name, answer, kind, retryable, throttling) => {
      expect(classify(answer)).toMatchObject({ kind, retryable, throttling });
    },
  );

  it('is quoted with its message, type key and ActivityId', () => {
    expect(
      classify({
        status: 404,
        headers: {
          ...JSON_TYPE,
          activityid: '7288ad40-1b6a-48aa-84f6-40b7bd5d4451',
          'retry-after': '3',
        },
        body: envelope(
          'GitRepositoryNotFoundException',
          'TF401019: The Git repository does not exist.',
        ),
      }),
    ).toMatchObject({
      typeKey: 'GitRepositoryNotFoundException',
      serviceMessage: 'TF401019: The Git repository does not exist.',
      activityId: '7288ad40-1b6a-48aa-84f6-40b7bd5d4451',
      retryAfterMs: 3000,
      seen: 'the service answered 404 (Not Found)',
    });
  });

  it('is parsed behind a byte order mark', () => {
    expect(
      classify({
        status: 401,
        headers: JSON_TYPE,
        body: `\ufeff${envelope('InvalidIdentityException', 'TF400813: no')}`,
      }),
    ).toMatchObject({
      typeKey: 'InvalidIdentityException',
      serviceMessage: 'TF400813: no',
    });
  });

  it('is quoted from X-TFS-ServiceError where its body is empty, with the tenant', () => {
    expect(
      classify({
        status: 401,
        headers: {
          'x-tfs-serviceerror': 'TF400813%3A%20not%20authorized',
          'x-vss-resourcetenant': '11111111-2222-3333-4444-555555555555',
        },
      }),
    ).toMatchObject({
      serviceMessage: 'TF400813: not authorized',
      resourceTenant: '11111111-2222-3333-4444-555555555555',
    });
  });

  it.each([
    ['TF400813%3A%20not%20authorized', 'TF400813: not authorized'],
    ['TF400813%3a+not+authorized', 'TF400813: not authorized'],
    ['TF400813%3A+1%2B1', 'TF400813: 1+1'],
    ['100%+done', '100%+done'],
  ])('is read from X-TFS-ServiceError as a form has it: %s', (header, text) => {
    expect(
      classify({ status: 401, headers: { 'x-tfs-serviceerror': header } })
        .serviceMessage,
    ).toBe(text);
  });

  it.each<[string | string[], string[]]>([
    ['Basic realm="https://tfsprodcus14.visualstudio.com/"', ['basic']],
    [
      ['Bearer', 'Basic realm="localhost"', 'Negotiate', 'NTLM'],
      ['bearer', 'basic', 'negotiate', 'ntlm'],
    ],
    [
      'Basic realm="a, b", Negotiate, NTLM TlRMTVNTUAAC',
      ['basic', 'negotiate', 'ntlm'],
    ],
    [
      'Bearer authorization_uri=https://login.microsoftonline.com/x, TFS-Federated',
      ['bearer', 'tfs-federated'],
    ],
    [[], []],
  ])('has the ways to authenticate of %j', (header, challenges) => {
    expect(
      classify({ status: 401, headers: { 'www-authenticate': header } })
        .challenges,
    ).toEqual(challenges);
  });

  it('is never quoted as a page of HTML, only with its title', () => {
    const { serviceMessage } = classify({
      status: 503,
      headers: HTML_TYPE,
      body: `<html><head><title> Service Unavailable </title></head><body>${'x'.repeat(20_000)}</body></html>`,
    });
    expect(serviceMessage).toBe('page titled Service Unavailable');
  });

  it('gives no type key when its body is not JSON', () => {
    const body = envelope('GitItemNotFoundException', 'TF401174: gone');
    for (const headers of [HTML_TYPE, { 'content-type': 'text/plain' }, {}]) {
      expect(classify({ status: 404, headers, body }).typeKey).toBeUndefined();
    }
  });

  it.each(['null', '[]', '"x"', '{"message":5,"typeKey":{}}', '{"mess', ''])(
    'gives neither type key nor message when its body is %s',
    body => {
      expect(classify({ status: 404, headers: JSON_TYPE, body })).toMatchObject(
        {
          kind: 'not-found',
          typeKey: undefined,
          serviceMessage: undefined,
        },
      );
    },
  );

  it('is described with no more of a redirect than the host it leads to', () => {
    expect(
      classify({
        status: 302,
        headers: { location: 'https://user:secret@elsewhere:8443/x?token=y' },
      }).seen,
    ).toBe('the service answered 302 (Found), a redirect to elsewhere:8443');
  });

  it('is quoted in one short line without control characters or secrets', () => {
    const authorization = `Basic ${Buffer.from(':hunter2secret').toString('base64')}`;
    const { serviceMessage = '' } = classify(
      {
        status: 400,
        headers: JSON_TYPE,
        body: envelope(
          'X',
          `first\r\n\u001b[31msecond hunter2secret ${authorization} ${'yes '.repeat(300)}`,
        ),
      },
      secretsOf(authorization),
    );
    expect(serviceMessage).toMatch(
      /^first \[31msecond \*{3} Basic \*{3} (yes )+y?e?s?…$/,
    );
    expect(serviceMessage.length).toBeLessThanOrEqual(501);
  });
});

describe('The secrets of an Authorization header', () => {
  it('are the token as it is sent and as it was configured', () => {
    expect(secretsOf('Bearer abc.def')).toEqual(['abc.def']);
    expect(secretsOf('Basic OnRva2Vu')).toEqual(['OnRva2Vu', 'token']);
    expect(secretsOf('bare')).toEqual(['bare']);
    expect(secretsOf('')).toEqual([]);
  });
});
