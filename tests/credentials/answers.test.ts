import type { FaultOptions } from '../../dev/simulator';
import { DOCUMENTATION } from '../../src/documentation';
import { loadProgram, runOn, steady } from '../cli/terminal';
import { Cloud, TENANT_A } from './support';

// What other clients have met of the real service: a recipe, which is an answer
// with its headers and its body, and what the command line says of it.
//
// Sources: microsoft/azure-pipelines-agent issues 1839 and 2565 (TF400813 for a
// token that is unknown); MicrosoftDocs/azure-devops-docs issue 8890, and
// https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/iis-basic-auth

const program = loadProgram();

interface Recipe {
  /** What a token is denied with. */
  readonly name: string;
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

const ANONYMOUS =
  'TF400813%3A+Resource+not+available+for+anonymous+access.+Client+authentication+required.';
const denied = (name: string, user: string, status: number): Recipe => ({
  name: `${status} for ${name}`,
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8' },
  body: {
    typeKey: 'UnauthorizedRequestException',
    message: `TF400813: The user '${user}' is not authorized to access this resource.`,
  },
});
const NOBODY = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const IIS_PAGE =
  '<!DOCTYPE html><html><head><title>401 - Unauthorized: Access is denied due to invalid credentials.</title></head></html>';

const CLOUD: Recipe[] = [
  {
    name: 'TF400813 for anonymous access, in a header',
    status: 401,
    headers: {
      'WWW-Authenticate':
        'Bearer authorization_uri=https://login.microsoftonline.com/x, Basic realm="https://tfsprodcus14.visualstudio.com/", TFS-Federated',
      'X-TFS-ServiceError': ANONYMOUS,
    },
  },
  denied('the user who is nobody', NOBODY, 401),
  denied('the user who is nobody', NOBODY, 403),
  denied('a user who is somebody', 'Alice Example', 401),
  {
    name: 'a policy, in a header that is encoded as a form',
    status: 403,
    headers: {
      'X-TFS-ServiceError':
        'VS403463%3A+The+conditional+access+policy+defined+by+your+Microsoft+Entra+%28Azure+Active+Directory%29+administrator+has+failed.',
    },
  },
];

const SERVER: Recipe[] = [
  {
    name: 'Basic and NTLM and no page',
    status: 401,
    headers: { 'WWW-Authenticate': 'Basic realm="tfs.example.com", NTLM' },
  },
  {
    name: 'Basic, Negotiate and NTLM and a page of IIS',
    status: 401,
    headers: {
      'Content-Type': 'text/html',
      'WWW-Authenticate': 'Basic realm="tfs.example.com", Negotiate, NTLM',
    },
    body: IIS_PAGE,
  },
  // The Server's own answer to a token that it does not accept.
  {
    name: 'Bearer too, which is the Server itself',
    status: 401,
    headers: {
      'WWW-Authenticate':
        'Bearer, Basic realm="tfs.example.com", Negotiate, NTLM',
    },
  },
];

let cloud: Cloud;

beforeEach(async () => {
  cloud = await Cloud.start();
});

afterEach(async () => await cloud.close());

/** Everything that is asked with a credential gets this answer. */
function answerAll(response: Omit<Recipe, 'name'>): FaultOptions {
  return {
    response: (request, proceed) =>
      request.headers.authorization === undefined ? proceed() : response,
  };
}

/** What `repositories` says, each part of the message in one line. */
async function said(organization: string, host = 'dev.azure.com') {
  const { stdout, stderr } = await runOn(
    program,
    {
      integrations: {
        azure: [{ host, credentials: [{ personalAccessToken: 'a-token' }] }],
      },
    },
    ['repositories', '--organization', organization],
    { columns: 1_000 },
  );
  return steady(stderr + stdout)
    .replaceAll(DOCUMENTATION, 'docs')
    .replace(/\n\n[\s\S]*/, '')
    .trim();
}

function shownRecipe({
  status,
  headers = {},
  body,
}: Omit<Recipe, 'name'>): string {
  return [
    `HTTP ${status}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    body === undefined ? '(no body)' : JSON.stringify(body),
  ].join('\n');
}

it.each(CLOUD)(
  'a token that Azure DevOps Services denies with $name: the message names the cause',
  async recipe => {
    cloud.simulator.addOrganization('contoso', { tenantId: TENANT_A });
    cloud.simulator.inject(answerAll(recipe));
    expect(
      `\n${shownRecipe(recipe)}\n\n${await said('contoso')}\n`,
    ).toMatchSnapshot();
  },
);

it.each(SERVER)(
  'a token that a Server, or IIS before it, denies with $name: the message names the cause',
  async recipe => {
    const { simulator } = cloud;
    const name = 'tfs/Main';
    simulator.addOrganization(name, { deployment: 'server' });
    simulator.inject(answerAll(recipe));
    const { serverHost } = simulator;
    const message = await said(`https://${serverHost}/${name}`, serverHost);
    expect(`\n${shownRecipe(recipe)}\n\n${message}\n`).toMatchSnapshot();
  },
);

it.each([
  ['contoso', 404],
  ['contoso', 405],
  ['tfs/Main', 405],
])(
  '%s behind a proxy that answers OPTIONS with %s and lets GET through is listed, and what is assumed is said once',
  async (name, status) => {
    const { simulator } = cloud;
    const isServer = name.includes('/');
    const organization = simulator.addOrganization(
      name,
      isServer ? { deployment: 'server' } : { tenantId: TENANT_A },
    );
    organization.addProject('Payments').addRepository('api');
    organization.grant('alice');
    simulator.addPersonalAccessToken('a-token', { identity: 'alice' });
    const refusal = {
      status,
      headers: { 'Content-Type': 'text/html' },
      body: '<html><head><title>nginx</title></head></html>',
    };
    simulator.inject({
      response: (request, proceed) =>
        request.method === 'OPTIONS' ? refusal : proceed(),
    });
    const { serverHost } = simulator;
    const message = isServer
      ? await said(`https://${serverHost}/${name}`, serverHost)
      : await said(name);
    expect(
      `\nOPTIONS: ${shownRecipe(refusal)}\nGET: HTTP 200\n\n${message}\n`,
    ).toMatchSnapshot();
  },
);
