/**
 * The commands of the Azure CLI that the documentation uses, with the options
 * that its reference has for them, as far as they are used, and whether each is
 * required.
 *
 * Source: https://learn.microsoft.com/cli/azure/reference-index, a page for each
 * group of commands
 */
export const AZ_COMMANDS: Readonly<
  Record<string, Readonly<Record<string, 'required' | 'optional'>>>
> = {
  'account show': {},
  'ad app create': {
    '--display-name': 'required',
    '--sign-in-audience': 'optional',
  },
  'ad app update': { '--id': 'required', '--sign-in-audience': 'optional' },
  'ad app credential reset': {
    '--id': 'required',
    '--append': 'optional',
    '--cert': 'optional',
    '--display-name': 'optional',
    '--end-date': 'optional',
    '--years': 'optional',
  },
  'ad app federated-credential create': {
    '--id': 'required',
    '--parameters': 'required',
  },
  'ad sp create': { '--id': 'required' },
  'ad sp show': { '--id': 'required' },
  'aks show': { '--name': 'required', '--resource-group': 'required' },
  'aks update': {
    '--name': 'required',
    '--resource-group': 'required',
    '--enable-oidc-issuer': 'optional',
    '--enable-workload-identity': 'optional',
  },
  'devops project show': {
    '--project': 'required',
    '--organization': 'optional',
  },
  'identity create': {
    '--name': 'required',
    '--resource-group': 'required',
    '--location': 'optional',
  },
  'identity show': { '--name': 'optional', '--resource-group': 'optional' },
  'identity federated-credential create': {
    '--name': 'required',
    '--identity-name': 'required',
    '--resource-group': 'required',
    '--issuer': 'optional',
    '--subject': 'optional',
    '--audiences': 'optional',
  },
  'containerapp identity assign': {
    '--name': 'optional',
    '--resource-group': 'optional',
    '--user-assigned': 'optional',
  },
  login: { '--tenant': 'optional' },
  rest: {
    '--url': 'required',
    '--method': 'optional',
    '--resource': 'optional',
    '--headers': 'optional',
    '--body': 'optional',
  },
  'vm identity assign': {
    '--name': 'optional',
    '--resource-group': 'optional',
    '--identities': 'optional',
  },
  'webapp config appsettings set': {
    '--name': 'optional',
    '--resource-group': 'optional',
    '--settings': 'optional',
  },
  'webapp identity assign': {
    '--name': 'optional',
    '--resource-group': 'optional',
    '--identities': 'optional',
  },
};

/** Options that every command of the Azure CLI has. */
export const AZ_GLOBAL_OPTIONS = ['--query', '--output', '--only-show-errors'];
