import type { Row } from '../stage/row';
import { ANSWER_ROWS } from './answers';
import { CATALOG_ROWS } from './catalog';
import { CONFIGURATION_ROWS } from './configuration';
import { CREDENTIAL_ROWS } from './credentials';
import { DESCRIPTOR_ROWS } from './descriptors';
import { HOSTILE_ROWS } from './hostile';
import { PROCESS_ROWS } from './processes';
import { REPOSITORY_ROWS } from './repositories';
import { THROTTLING_ROWS } from './throttling';
import { WIRE_ROWS } from './wire';

/** What the groups of the table are about. */
export const GROUPS: Readonly<Record<number, string>> = {
  1: 'The credential is denied, or sees less than before',
  2: 'The service throttles',
  3: 'The service or the network fails',
  4: 'Repositories, branches, projects and organizations change',
  5: 'Descriptors change, break, and become something else',
  6: 'Processes die, the database goes away, replicas disagree, somebody changes what runs',
  7: 'The catalog loses what it was given',
  8: 'One repository, one answer or one row is hostile',
};

/** The whole table. */
export const ROWS: readonly Row[] = [
  ...CREDENTIAL_ROWS,
  ...THROTTLING_ROWS,
  ...WIRE_ROWS,
  ...REPOSITORY_ROWS,
  ...DESCRIPTOR_ROWS,
  ...PROCESS_ROWS,
  ...CONFIGURATION_ROWS,
  ...CATALOG_ROWS,
  ...HOSTILE_ROWS,
  ...ANSWER_ROWS,
];
