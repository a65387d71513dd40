#!/usr/bin/env node
import { run } from './program';

const { stdout, stderr, env } = process;

// A reader that has seen enough, such as `head`, is no failure.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

void run(process.argv.slice(2), { stdout, stderr, env, now: Date.now }).then(
  code => {
    // A request of a library that was given up may still hold a socket open.
    stdout.write('', () => process.exit(code));
  },
);
