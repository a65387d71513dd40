/** @param milliseconds - since 1970 */
export function iso(milliseconds: number | undefined): string | undefined {
  return milliseconds === undefined || !Number.isFinite(milliseconds)
    ? undefined
    : new Date(milliseconds).toISOString();
}
