import { createHash } from 'node:crypto';

/** Azure DevOps compares names without regard to case. */
export function nameKey(name: string): string {
  return name.toLowerCase();
}

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** Forty hexadecimal digits, like Git's, that follow from the parts alone. */
export function hashOf(...parts: Array<string | number>): string {
  return createHash('sha1').update(parts.join('\n')).digest('hex');
}

/** A GUID (version 4 in form) that follows from its parts alone, so that a run can be repeated. */
export function guidOf(...parts: Array<string | number>): string {
  const digits = hashOf(...parts);
  const variant = ((parseInt(digits[16]!, 16) & 0x3) | 0x8).toString(16);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}
