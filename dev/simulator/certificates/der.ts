// The few shapes of DER (ITU-T X.690) that a certificate is made of.

/** One value: its tag, its length, its contents one after the other. */
export function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) {
    return Buffer.from([length]);
  }
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) {
    digits.unshift(rest % 256);
  }
  return Buffer.from([0x80 | digits.length, ...digits]);
}

export const sequence = (...contents: Buffer[]) => der(0x30, ...contents);
export const set = (...contents: Buffer[]) => der(0x31, ...contents);
export const octetString = (content: Buffer) => der(0x04, content);
export const utf8String = (text: string) => der(0x0c, Buffer.from(text));
export const boolean = (value: boolean) =>
  der(0x01, Buffer.from([value ? 0xff : 0]));

/** A bit string whose last `unused` bits do not count. */
export const bitString = (content: Buffer, unused = 0) =>
  der(0x03, Buffer.from([unused]), content);

/** A positive integer, from its bytes, the most significant first. */
export function positiveInteger(bytes: Buffer): Buffer {
  const significant = bytes.subarray(bytes.findIndex(byte => byte !== 0));
  // A leading bit of one would make it negative.
  return (significant[0] ?? 0) & 0x80
    ? der(0x02, Buffer.from([0]), significant)
    : der(0x02, significant);
}

/** An object identifier in dotted form: `2.5.29.17`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = left >> 7) {
      digits.unshift((left % 128) | 0x80);
    }
    bytes.push(...digits);
  }
  return der(0x06, Buffer.from(bytes));
}

/** A time of X.509: two digits of the year until 2049, four from then on (RFC 5280, 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, '').replace(/\.\d+/, '');
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(digits.slice(2)))
    : der(0x18, Buffer.from(digits));
}
