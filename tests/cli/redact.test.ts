import { redact } from '../../src/cli/redact';
import { TENANT_A } from '../credentials/support';

describe('a text that may hold a secret', () => {
  it.each([
    'Bearer eyJhbGciOi.eyJzdWIiOi.c2ln',
    'eyJhbGciOiJub25l.eyJzdWIiOiJ4',
    'Basic OnNlY3JldC10b2tlbg==',
    `${'a'.repeat(76)}AZDO${'b'.repeat(4)}`,
    'client_secret=abcdefghi~jklmn',
    'client_assertion=abcdefghijklmnopqrst',
    'access_token=abcdefghijklmno',
    '-----BEGIN PRIVATE KEY----- MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ -----END PRIVATE KEY-----',
  ])('is shown without %s', secret => {
    const text = redact(`before ${secret} after`);
    expect(text).toMatch(/^before .*\[redacted\].* after$/);
    const [longest = ''] = secret
      .split(/[ =]+/)
      .sort((a, b) => b.length - a.length);
    expect(text).not.toContain(longest);
  });

  it('is shown as it is when it holds none', () => {
    const text = `Basic access for ${TENANT_A}: AADSTS700016 https://dev.azure.com/contoso`;
    expect(redact(text)).toBe(text);
  });
});
