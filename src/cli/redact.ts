/** What stands in place of a secret. */
const REDACTED = '[redacted]';

/**
 * Takes out of a text everything that has the form of a credential: JSON Web
 * Tokens, private keys, authorization headers, personal access tokens of the
 * newer form, and the secret parameters of a token request.
 */
export function redact(text: string): string {
  return text
    .replace(
      /-+BEGIN [A-Z ]*PRIVATE KEY-+.*?(?:-+END [A-Z ]*PRIVATE KEY-+|$)/gs,
      REDACTED,
    )
    .replace(/\beyJ[\w-]+\.[\w-]+(\.[\w-]*)?/g, REDACTED)
    .replace(/\b(Bearer|Basic)\s+[\w+/=.~-]{8,}/gi, `$1 ${REDACTED}`)
    .replace(/\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b/g, REDACTED)
    .replace(
      /\b(client_secret|client_assertion|access_token|password)=[^&\s"']+/gi,
      `$1=${REDACTED}`,
    );
}
