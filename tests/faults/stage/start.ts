import { azureDevOpsUrlReaderFactory } from '../../../src';
import { OfficialProvider } from '../../support/official';
import { until } from '../../support/until';
import { compare, isSame } from './compare';
import { firstPicture } from './picture';
import { cloneTemplate } from './databases';
import { Stage, type StageSettings } from './stage';

type TemplateName = 'filled' | 'official';

/** How the catalog of each template comes to hold what it holds. */
const TEMPLATES: Record<TemplateName, (prefix: string) => Promise<void>> = {
  /** By an ordinary first refresh. */
  async filled(prefix) {
    await build(await Stage.at(prefix, {}), async stage => {
      const { error } = await stage.refresh();
      if (error) {
        throw new Error(error);
      }
    });
  },

  /** By Backstage's own module: a Location for each file, read by the catalog. */
  async official(prefix) {
    const official = new OfficialProvider();
    const stage = await Stage.at(prefix, {
      catalog: {
        withoutModule: true,
        features: [official.feature(), azureDevOpsUrlReaderFactory],
      },
    });
    await build(stage, async () => {
      await official.state(stage.world.officialTargets());
      await until('the official Locations to be read', async () =>
        isSame(compare(await stage.snapshot(), firstPicture())),
      );
    });
  },
};

export interface SetSettings extends StageSettings {
  /** What the catalog was filled by. Default: `filled`, this module. */
  readonly template?: TemplateName;
}

/** A stage on a database of its own, whose backend is up. */
export async function setStage(settings: SetSettings = {}): Promise<Stage> {
  const stage = await setStageWithoutBackend(settings);
  await stage.startBackend();
  return stage;
}

/** The same without a backend in this process. */
export async function setStageWithoutBackend(
  settings: SetSettings = {},
): Promise<Stage> {
  const { template = 'filled' } = settings;
  const prefix = await cloneTemplate(template, TEMPLATES[template]);
  return await Stage.at(prefix, settings);
}

/** Fills the catalog, waits until all of it is processed, and leaves the database to itself. */
async function build(
  stage: Stage,
  fill: (stage: Stage) => Promise<void>,
): Promise<void> {
  try {
    const catalog = await stage.startBackend();
    await fill(stage);
    await catalog.settled();
    await stage.stopBackend();
  } finally {
    await stage.stopBackend();
    await stage.knex.destroy();
    await stage.simulator.close();
  }
}
