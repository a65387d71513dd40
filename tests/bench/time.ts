const { now } = Date;
let passed = 0;
Date.now = () => now() + passed;

/** Lets time pass, in milliseconds, for everything in this process that asks the clock; nobody waits. */
export function passTime(ms: number): void {
  passed += ms;
}
