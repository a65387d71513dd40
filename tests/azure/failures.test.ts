import {
  brokeBeforeAnswer,
  classifyFailure,
  type TransportFailure,
} from '../../src/azure/failures';

const classify = (failure: TransportFailure) =>
  classifyFailure(failure, 'dev.azure.com');
const connection = (code?: string, rest: Partial<TransportFailure> = {}) =>
  classify({ reason: 'connection', code, ...rest });

describe('A request that fails below HTTP', () => {
  it.each([
    ['ENOTFOUND', 'network', true, false, 'cannot be resolved'],
    ['EAI_AGAIN', 'network', true, false, 'cannot be resolved'],
    ['ECONNREFUSED', 'network', true, false, 'cannot be reached'],
    ['UND_ERR_CONNECT_TIMEOUT', 'network', true, false, 'cannot be reached'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'network', false, false, 'not trusted'],
    ['CERT_HAS_EXPIRED', 'network', false, false, 'has expired'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'network', false, false, 'not trusted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'network', false, false, 'another name'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'network', false, false, 'without TLS'],
    ['ERR_SSL_SOMETHING', 'network', false, false, 'no agreement'],
    ['UND_ERR_SOCKET', 'network', true, true, 'before it answered'],
    ['ECONNRESET', 'network', true, true, 'before it answered'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout', true, true, 'no answer in time'],
    ['HPE_INVALID_CONSTANT', 'malformed', true, false, 'not HTTP'],
    ['HTTPParserError', 'malformed', true, false, 'not HTTP'],
    ['ESOMETHING', 'network', true, false, 'failed (ESOMETHING)'],
    [undefined, 'network', true, false, 'failed'],
  ])(
    'is classified by its error code: %s',
    (code, kind, retryable, throttling, seen) => {
      expect(connection(code)).toMatchObject({
        kind,
        retryable,
        throttling,
        seen: expect.stringContaining(seen),
      });
    },
  );

  it('has words of its own when the connection breaks in the middle of an answer', () => {
    const headers = { activityid: '7288ad40-1b6a-48aa-84f6-40b7bd5d4451' };
    expect(connection('ECONNRESET', { status: 200, headers })).toMatchObject({
      kind: 'network',
      seen: expect.stringContaining('in the middle'),
      status: 200,
      activityId: '7288ad40-1b6a-48aa-84f6-40b7bd5d4451',
    });
    expect(connection('UND_ERR_BODY_TIMEOUT', { status: 200 })).toMatchObject({
      kind: 'timeout',
      seen: expect.stringContaining('in the middle'),
    });
  });

  it.each([
    [403, false, 'does not let this machine connect to dev.azure.com'],
    [407, false, 'demands'],
    [502, true, 'could not connect to dev.azure.com, and answered 502'],
  ])(
    'may succeed later or not by what the proxy answers: %i',
    (proxyStatus, retryable, seen) => {
      expect(connection(undefined, { proxyStatus })).toMatchObject({
        kind: 'network',
        retryable,
        seen: expect.stringContaining(seen),
      });
    },
  );

  it.each([
    [{ reason: 'aborted' }, 'aborted', false, 'aborted'],
    [{ reason: 'closed' }, 'aborted', false, 'closed'],
    [{ reason: 'undecodable' }, 'malformed', true, 'decompressed'],
    [
      { reason: 'too-large', maxBytes: 16_777_216 },
      'too-large',
      false,
      'larger than 16 MiB',
    ],
    [
      { reason: 'too-large', maxBytes: 10 },
      'too-large',
      false,
      'larger than 10 bytes',
    ],
    [{ reason: 'deadline', afterMs: 120_000 }, 'timeout', true, 'within 120 s'],
  ] as const)(
    'is classified by its reason: %j',
    (failure, kind, retryable, seen) => {
      expect(classify(failure)).toMatchObject({
        kind,
        retryable,
        seen: expect.stringContaining(seen),
      });
    },
  );
});

describe('A connection that broke', () => {
  it('is taken for a stale one only when it gave no answer at all', () => {
    const broke = (failure: TransportFailure) => brokeBeforeAnswer(failure);
    expect(broke({ reason: 'connection', code: 'UND_ERR_SOCKET' })).toBe(true);
    expect(
      broke({ reason: 'connection', code: 'ECONNRESET', status: 200 }),
    ).toBe(false);
    expect(broke({ reason: 'connection', code: 'ECONNREFUSED' })).toBe(false);
    expect(broke({ reason: 'aborted' })).toBe(false);
  });
});
