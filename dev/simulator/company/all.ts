import { kestrelFreight } from './kestrel';
import { nordhavn } from './nordhavn';
import { nordhavnData } from './nordhavn-data';
import type { SeedOrganization } from './seed';

/** The whole company, as data. */
export const COMPANY: readonly SeedOrganization[] = [
  nordhavn,
  nordhavnData,
  kestrelFreight,
];
