import { counted } from '../counted';
import { type Io, widthOf } from './io';
import { hanging, printable, toJsonText } from './text';

export interface OutputOptions {
  readonly format: 'text' | 'azure-pipelines';
  readonly json: boolean;
}

/** Something about one file that the catalog would not take, or that cannot be told. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Counted from 1. */
  readonly line?: number;
  readonly column?: number;
  /** Which entity it is about, where the document is one. */
  readonly entityRef?: string;
  /** A sentence without a full stop. */
  readonly message: string;
}

export interface CheckedFile {
  /** From the root of the repository, without a slash in front. */
  readonly path: string;
  /** References of what the catalog takes of it. */
  readonly entities: readonly string[];
  readonly findings: readonly Finding[];
}

/** What was looked at, and under which assumptions. */
export interface Validation {
  readonly files: readonly CheckedFile[];
  /** Absent where it is not known. */
  readonly repository?: string;
  readonly rules: 'checked' | 'not-checked';
}

/** Writes what was found, for people, for programs, or for Azure Pipelines. */
export function writeValidation(
  validation: Validation,
  { json, format }: OutputOptions,
  { stdout }: Io,
): void {
  if (json) {
    stdout.write(`${toJsonText(toJson(validation))}\n`);
    return;
  }
  for (const { path, findings } of validation.files) {
    for (const finding of findings) {
      stdout.write(
        format === 'azure-pipelines'
          ? `${logIssue(path, finding)}\n`
          : `${renderFinding(path, finding, widthOf(stdout))}\n\n`,
      );
    }
  }
  stdout.write(`${renderSummary(validation, widthOf(stdout))}\n`);
}

function toJson({ repository, rules, files }: Validation) {
  return {
    repository: repository ?? null,
    rules,
    ...countFindings(files),
    files,
  };
}

function renderFinding(path: string, finding: Finding, width: number): string {
  const { severity, line, column } = finding;
  const place = [path, line, column].filter(part => part !== undefined);
  const lead = `  ${severity}: `;
  return `${printable(place.join(':'))}\n${hanging(lead, sentenceOf(finding), width)}`;
}

function sentenceOf({ entityRef, message }: Finding): string {
  return entityRef === undefined ? message : `${entityRef}: ${message}`;
}

function renderSummary(validation: Validation, width: number): string {
  const { files, repository, rules } = validation;
  const { errors, warnings, entities } = countFindings(files);
  const found =
    files.length === 0
      ? 'No catalog-info.yaml was found. Name the files that are to be checked.'
      : `${counted(files.length, 'file')}, ${counted(entities, 'entity')}: ${errors + warnings === 0 ? 'nothing is wrong' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`}.`;
  return [
    hanging('', found, width),
    hanging(
      'Repository:    ',
      repository ?? 'not known; give it with --repository',
      width,
    ),
    hanging(
      'catalog.rules: ',
      rules === 'checked'
        ? rules
        : 'not checked; name a file that has them with --config',
      width,
    ),
  ].join('\n');
}

function countFindings(files: Validation['files']) {
  const all = files.flatMap(({ findings }) => findings);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  return {
    entities: files.reduce((sum, file) => sum + file.entities.length, 0),
    errors,
    warnings: all.length - errors,
  };
}

/**
 * A command of Azure Pipelines that shows an issue on the line of a file.
 *
 * Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#logissue-log-an-error-or-warning
 */
function logIssue(path: string, finding: Finding): string {
  const { severity, line, column } = finding;
  const properties = [
    ['type', severity],
    ['sourcepath', path],
    ['linenumber', line ?? 1],
    ...(column === undefined ? [] : [['columnnumber', column]]),
  ].map(([name, value]) => `${name}=${escapeProperty(String(value))};`);
  return `##vso[task.logissue ${properties.join('')}]${escapeData(sentenceOf(finding))}`;
}

/**
 * The percent sign has an escape of its own, so that what only looks like an escape
 * stays what it is.
 *
 * Source: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands#formatting-commands
 */
function escapeData(text: string): string {
  return text
    .replaceAll('%', '%AZP25')
    .replaceAll('\r', '%0D')
    .replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(']', '%5D').replaceAll(';', '%3B');
}
