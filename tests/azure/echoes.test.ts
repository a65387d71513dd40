import fc from 'fast-check';
import { classifyResponse } from '../../src/azure/classify';
import { AzureDevOpsRequestError } from '../../src/azure/errors';
import { MalformedError, parseRepositories } from '../../src/azure/parse';
import { secretsOf } from '../../src/azure/transport';
import { Organization } from '../../src/organization';
import { quote } from '../../src/quotation';

const CONTOSO = new Organization('dev.azure.com', 'contoso');

/** Ways in which something between here and the service may repeat what it was sent. */
const ENCODINGS: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': secret => secret,
  'URL-encoded': secret => encodeURIComponent(secret),
  'URL-encoded, every character': secret =>
    secret.replace(/./gs, it => `%${hexOf(it)}`),
  base64: secret => base64(secret),
  'base64 without padding': secret => base64(secret).replace(/=+$/, ''),
  base64url: secret => Buffer.from(secret).toString('base64url'),
  'base64 twice': secret => base64(base64(secret)),
  'base64, URL-encoded': secret => encodeURIComponent(base64(secret)),
  hex: secret => Buffer.from(secret).toString('hex'),
  'HTML-escaped': secret =>
    secret.replace(/[+/=&"']/g, it => `&#${it.charCodeAt(0)};`),
  'HTML-escaped, every character': secret =>
    secret.replace(/./gs, it => `&#x${hexOf(it)};`),
  'JSON-escaped, every character': secret =>
    secret.replace(/./gs, it => `\\u00${hexOf(it)}`),
  'cut after 40 characters': secret => secret.slice(0, 40),
  'without its first 10 characters': secret => secret.slice(10),
  'parted by zero-width spaces': secret => [...secret].join('\u200b'),
};

/** Where it may be repeated. */
const PLACES: Readonly<
  Record<
    string,
    (echo: string) => { headers?: object; body?: string; status?: number }
  >
> = {
  'the message of an error': echo => envelope({ message: `Bad: ${echo}.` }),
  'a message, in parentheses': echo => envelope({ message: `(${echo})` }),
  'the key of a type': echo => envelope({ message: 'x', typeKey: echo }),
  'the title of a page': echo => ({
    headers: { 'content-type': 'text/html' },
    body: `<html><title>Error ${echo}</title></html>`,
  }),
  'a plain text': echo => ({
    headers: { 'content-type': 'text/plain' },
    body: `Authorization was ${echo}`,
  }),
  'X-TFS-ServiceError': echo => ({
    headers: { 'x-tfs-serviceerror': encodeURIComponent(`TF1: ${echo}`) },
  }),
  ActivityId: echo => ({ headers: { activityid: echo } }),
  'X-VSS-E2EID': echo => ({ headers: { 'x-vss-e2eid': echo } }),
  'the host of a redirect': echo => ({
    status: 302,
    headers: { location: `https://${echo}.example/` },
  }),
  'the type of the content': echo => ({
    status: 200,
    headers: { 'content-type': `text/${echo}` },
  }),
};

function envelope(fields: object) {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ $id: '1', ...fields }),
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0');
}

/** Everything that anybody could see of an answer. */
function shown(
  answer: { headers?: object; body?: string; status?: number },
  authorization: string,
): string {
  const fault = classifyResponse(
    {
      status: 400,
      body: '',
      ...answer,
      headers: { ...answer.headers },
    },
    { now: 0, secrets: secretsOf(authorization) },
  );
  const error = new AzureDevOpsRequestError(CONTOSO, 'list', fault);
  return `${JSON.stringify(fault)} ${error.message}`;
}

/** The parts of the secret of more than 12 characters, in any case, and of its encoding as it was sent, that a text has. */
function leaked(text: string, ...spellings: string[]): string[] {
  const seen = text.toLowerCase();
  return spellings.flatMap(spelling =>
    Array.from({ length: Math.max(0, spelling.length - 12) }, (_, i) =>
      spelling.slice(i, i + 13).toLowerCase(),
    ).filter(part => seen.includes(part)),
  );
}

/** An access token of the older and of the newer form, a token of Microsoft Entra, and one like a sentence. */
const TOKENS = {
  'a token of 52 characters': () =>
    'q5zrtwkyvmxnbd2plc7ahsgeoufj4i3k6qzrtwkyvmxnbdplcahsg',
  'a token of 84 characters': () =>
    `${'7Jh3KqLmNoP9aBcDeFgHiRsTuVwXyZ0124568QeRtYuIoPaSdFgHjKlZxCvBnM1w2E3r4T5y6U7i8O9p'.slice(0, 76)}AZDOx9Yz`,
  'a token like words': () => 'a-token-that-nobody-may-see',
};

describe.each(Object.entries(TOKENS))(
  'an answer that repeats %s',
  (_name, make) => {
    const token = make();
    const authorization = `Basic ${base64(`:${token}`)}`;

    it.each(
      Object.entries(PLACES).flatMap(([place, at]) =>
        Object.entries(ENCODINGS).map(
          ([encoding, encode]) => [encoding, place, encode, at] as const,
        ),
      ),
    )('%s in %s shows nothing of it', (_encoding, _place, encode, at) => {
      for (const secret of [token, authorization.slice(6), authorization]) {
        const echo = encode(secret);
        const text = shown(at(echo), authorization);
        expect(leaked(text, token, authorization.slice(6), echo)).toEqual([]);
      }
    });
  },
);

it('an answer that repeats any credential, in encodings upon encodings and pieces, shows nothing of it', () => {
  const alphabet = (characters: string) =>
    fc.constantFrom(...characters.split(''));
  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const text = (characters: string, length: number) =>
    fc
      .array(alphabet(characters), { minLength: length, maxLength: length })
      .map(all => all.join(''));
  const credential = fc.oneof(
    text(`${LETTERS}0123456789`, 84).map(
      token => [token, `Basic ${base64(`:${token}`)}`] as const,
    ),
    text('abcdefghijklmnopqrstuvwxyz234567', 52).map(
      token => [token, `Basic ${base64(`:${token}`)}`] as const,
    ),
    fc
      .tuple(
        text(`${LETTERS}0123456789-_`, 200),
        text(`${LETTERS}0123456789-_`, 86),
      )
      .map(([claims, signature]) => {
        const token = `eyJ0eXAiOiJKV1QifQ.${claims}.${signature}`;
        return [token, `Bearer ${token}`] as const;
      }),
  );
  fc.assert(
    fc.property(
      credential,
      fc.array(fc.constantFrom(...Object.values(ENCODINGS)), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.constantFrom(...Object.values(PLACES)),
      fc.boolean(),
      ([token, authorization], encodings, at, isHeader) => {
        const echo = encodings.reduce(
          (secret, encode) => encode(secret),
          isHeader ? (authorization.split(' ')[1] ?? '') : token,
        );
        const seen = shown(at(echo), authorization);
        expect(leaked(seen, token, authorization, echo)).toEqual([]);
      },
    ),
    { numRuns: 1_000 },
  );
});

it('an answer that repeats a credential, escaped twice for HTML, shows nothing of its padding', () => {
  const authorization = `Basic ${base64(`:${'A'.repeat(84)}`)}`;
  const escape = ENCODINGS['HTML-escaped'] ?? String;
  const echo = escape(escape(authorization.slice(6)));
  const seen = shown(envelope({ message: `Bad: ${echo}.` }), authorization);
  expect(leaked(seen, authorization, echo)).toEqual([]);
});

it('a list whose count is a credential is described without it', () => {
  const secret = 'q5zrtwkyvmxnbd2plc7ahsgeoufj4i3k6qzrtwkyvmxnbdplcahsg';
  for (const json of [
    { count: secret, value: [] },
    { count: 1, value: [{ id: secret, name: secret }] },
    { count: 1, value: [{ [secret]: secret }] },
  ]) {
    const failure = (() => {
      try {
        return parseRepositories(json);
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(MalformedError);
    expect(leaked(String(failure), secret)).toEqual([]);
  }
});

describe('the words of the service are quoted as they are:', () => {
  const GUID = '8f2e0c1a-4b7d-4c55-9a3e-0d1f2a3b4c5d';
  it.each([
    "TF401174: The item '/catalog-info.yaml' could not be found in the repository 'api' at the version specified by '<Branch: main >'.",
    'VS403403: Cannot find any branches for the payments repository.',
    'TF401175:The version descriptor <Branch: feature/retire-the-monolith > could not be resolved to a version in the repository payments-gateway',
    `TF401019: The Git repository with name or identifier ${GUID} does not exist or you do not have permissions for the operation you are attempting.`,
    'TF200016: The following project does not exist: Field Service. Verify that the name of the project is correct and that the project exists on the specified Azure DevOps Server.',
    `VS800075: The project with id 'vstfs:///Classification/TeamProject/${GUID}' does not exist, or you do not have permission to access it.`,
    'The requested REST API version of 7.2 is out of range for this server. The latest REST API version this server supports is 7.1.',
    'The requested version "7.2" of the resource is under preview. The -preview flag must be supplied in the api-version for such requests. For example: "7.2-preview"',
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource Concurrency in namespace VSID.',
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource TotalRequestsByServiceName in namespace ServiceNameUser.',
    'TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource DBCPU in namespace VSID.',
    'TF400813: The user is not authorized to access this resource.',
    `TF400813: The user '${GUID}' is not authorized to access this resource.`,
    `TF401444: Please sign-in at least once as ${GUID}\\${GUID}\\${GUID} in a web browser to enable access to the service.`,
    'VS403463: The conditional access policy defined by your Microsoft Entra (Azure Active Directory) administrator has failed.',
    'Access Denied: The Personal Access Token used has expired.',
    'The extension ms.vss-code-search is not installed.',
    "Our services aren't available right now",
    'page titled Azure DevOps Services | Sign In',
    `TF401035: The object '8524aaf' does not exist.`,
    `AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${GUID}'.`,
    `AADSTS700016: Application with identifier '${GUID}' was not found in the directory 'Contoso'.`,
    `AADSTS500011: The resource principal named ${GUID} was not found in the tenant named contoso.onmicrosoft.com.`,
    'AADSTS90002: Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.',
    'Der Zugriff wurde verweigert: Zugriffsberechtigungen überprüfen.',
    '見つかりませんでした。アクセス許可がない可能性があります。',
  ])('%s', message => {
    expect(quote(message)).toBe(message);
  });

  it.each([
    'GitItemNotFoundException',
    'GitUnresolvableToCommitException',
    'GitRepositoryNotFoundException',
    'ProjectDoesNotExistWithNameException',
    'VssVersionOutOfRangeException',
    'VssInvalidPreviewVersionException',
    'InvalidIdentityException',
    'UnauthorizedRequestException',
    'AccessCheckException',
  ])('%s', typeKey => {
    expect(quote(typeKey)).toBe(typeKey);
  });

  it('names and paths that were asked for, whatever they look like', () => {
    const known = [
      '/services/2024-Q3/PaymentsGateway_v2.yaml',
      'Repo-2024-XyZ-final01',
    ];
    const message = `TF401174: The item '${known[0]}' could not be found in the repository '${known[1]}'.`;
    expect(quote(message, { known })).toBe(message);
    expect(quote(message)).toBe(
      "TF401174: The item '***' could not be found in the repository '***'.",
    );
  });
});
