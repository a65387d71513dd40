import { REPOSITORY_ROWS } from './rows/repositories';
import { DESCRIPTOR_ROWS } from './rows/descriptors';
import { HEALING_ROWS } from './rows/healing';
import { THROTTLING_ROWS } from './rows/throttling';
import { WIRE_ROWS } from './rows/wire';
import { CREDENTIAL_ROWS } from './rows/credentials';
import { CONFIGURATION_ROWS } from './rows/configuration';
import { PROCESS_ROWS } from './rows/processes';
import { BRIEF, runRow, verdictOn } from './stage/row';

const only = process.env.ROWS ? new RegExp(process.env.ROWS) : /./;
const rows = [...CREDENTIAL_ROWS, ...THROTTLING_ROWS, ...WIRE_ROWS, ...REPOSITORY_ROWS, ...DESCRIPTOR_ROWS, ...HEALING_ROWS, ...CONFIGURATION_ROWS, ...PROCESS_ROWS].filter(r => only.test(`${r.group} ${r.name}`));
describe('faults', () => {
  it.each(rows.map(row => [row.name, row] as const))('%s', async (_, row) => {
    const result = await runRow(row, BRIEF);
    process.stdout.write([row.group, row.name, result.seconds.toFixed(1), result.refreshesUntilWhole, result.othersUndisturbed, result.told, verdictOn(result).join('; ')].join(' | ') + '\n');
    expect(verdictOn(result)).toEqual([]);
  }, 240_000);
});
