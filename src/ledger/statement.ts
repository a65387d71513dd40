import { isError } from '@backstage/errors';

/** How much of a database's own message is kept, in characters. */
const LONGEST = 1_000;

const STATEMENT = /^\s*(?:insert|update|delete|select|with|truncate)\b/i;
/** Between the statement and the database's message. */
const SEPARATOR = ' - ';

/**
 * Takes out of a database error the statement that knex puts before its message:
 * with its values it can be megabytes of entities, and would stand in the log, in
 * the task's state and in the status.
 */
export function withoutStatement<E>(error: E): E {
  if (isError(error) && STATEMENT.test(error.message)) {
    const end = error.message.lastIndexOf(SEPARATOR);
    if (end >= 0) {
      error.message = error.message
        .slice(end + SEPARATOR.length)
        .slice(0, LONGEST);
    }
  }
  return error;
}
