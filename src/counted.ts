/** `1 entity`, `2,000 entities`. @param what - in the singular */
export function counted(n: number, what: string): string {
  const plural = `${what.replace(/(?<![aeiou])y$/, 'ie')}s`;
  return `${n.toLocaleString('en-US')} ${n === 1 ? what : plural}`;
}
