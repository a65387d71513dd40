// Loaded before everything else in a replica whose clock is wrong: its whole
// process, Backstage and the database driver included, sees another time.
const offset = Number(process.env.CLOCK_OFFSET_MS ?? 0);

if (offset !== 0) {
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...parts) {
      super(...(parts.length === 0 ? [RealDate.now() + offset] : parts));
    }
    static now() {
      return RealDate.now() + offset;
    }
  };
}
