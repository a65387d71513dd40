// One managed identity scenario in a process of its own: the library keeps the
// source of tokens and the tokens themselves for the life of a process.
//
// Usage: node managed-identity.mjs '{"clientId": ..., "scope": ...}'
import { ManagedIdentityCredential } from '@azure/identity';

const { clientId, scope, times = 1 } = JSON.parse(process.argv[2] ?? '{}');
const credential = clientId
  ? new ManagedIdentityCredential({ clientId })
  : new ManagedIdentityCredential();
try {
  let token;
  for (let time = 0; time < times; time++) {
    token = await credential.getToken(scope);
  }
  console.log(JSON.stringify(token));
} catch (error) {
  console.log(JSON.stringify({ name: error.name, message: error.message }));
}
