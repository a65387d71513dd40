import { ProbeWriter } from '../../src/ingestion/probe-writer';
import { Applier } from '../../src/ingestion/apply';
import { openLedger, present, probe } from '../ledger/support';
import { recordingLogger } from '../support/logs';
import { until } from '../support/until';

describe('what a probe found', () => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeEach(async () => {
    opened = await openLedger('sqlite');
  });
  afterEach(async () => {
    await opened.destroy();
  });

  it('is in the ledger and in the catalog within seconds, though no other probe ends', async () => {
    const { knex, ledger } = opened;
    const logger = recordingLogger([]);
    const applied: string[] = [];
    const applier = new Applier(
      opened.outbox('test'),
      {
        async applyMutation(mutation) {
          if (mutation.type === 'delta') {
            applied.push(
              ...mutation.added.map(({ entity }) => entity.metadata.name),
            );
          }
        },
        async refresh() {},
      },
      logger,
    );
    const writer = await ProbeWriter.start({
      ledger,
      applier,
      logger,
      clock: Date,
    });
    writer.begin('r1');
    await writer.add({
      ...probe('r1', [present(['a'])], { startTicket: 0 }),
      end: {},
    });

    await until('the probe to be written', async () => {
      const rows = await knex('azure_devops_repositories');
      return rows.length === 1;
    });
    await until('the catalog to have it', () => applied.length === 1);
    await writer.flush();
    expect(applied).toEqual(['a']);
  });
});
