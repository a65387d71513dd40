import { Stage, type StageSettings } from './stage';
import { cloneTemplate } from './template';
import { TEMPLATES, type TemplateName } from './templates';

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
