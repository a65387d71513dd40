/** The parts of an Authorization header that must not be quoted: as they are sent, and decoded. */
export function secretsOf(authorization: string): string[] {
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (value === '') {
    return scheme === '' ? [] : [scheme];
  }
  if (scheme.toLowerCase() !== 'basic') {
    return [value];
  }
  const decoded = Buffer.from(value, 'base64').toString('utf8');
  const password = decoded.slice(decoded.indexOf(':') + 1);
  return [value, password].filter(secret => secret !== '');
}
