/*
 * Service hook payloads in the forms that the service is known to send.
 * Sources: learn.microsoft.com "Service hooks events"; captures of deliveries to
 * other products, whose addresses and names were replaced.
 */

export interface Subject {
  readonly repositoryId: string;
  readonly projectId: string;
}

export interface PayloadForm {
  /** What is special about it. */
  readonly form: string;
  readonly eventType: string;
  readonly payload: (subject: Subject) => Record<string, unknown>;
}

const ZERO = '0'.repeat(40);
const COMMIT = 'aad331d8d3b131fa9ae03cf5e53965b51942618a';
const BY = {
  displayName: 'Jamal Hartnett',
  id: '00067ffe-e5ec-4cc2-8fc0-fd6ca2b33e8e',
  uniqueName: 'fabrikamfiber4@hotmail.com',
};
const COLLECTION = 'c12d0eb8-e382-443b-9f9c-c52cba5014c2';

function project({ projectId }: Subject) {
  return {
    id: projectId,
    name: 'Payments',
    url: `https://contoso.visualstudio.com/_apis/projects/${projectId}`,
    state: 'wellFormed',
    visibility: 'unchanged',
    lastUpdateTime: '0001-01-01T00:00:00',
  };
}

function repository(subject: Subject, remoteUrl: string) {
  return {
    id: subject.repositoryId,
    name: 'api',
    url: `https://contoso.visualstudio.com/_apis/git/repositories/${subject.repositoryId}`,
    project: project(subject),
    defaultBranch: 'refs/heads/main',
    remoteUrl,
  };
}

function push(
  subject: Subject,
  options: {
    ref?: string;
    remoteUrl?: string;
    oldObjectId?: string;
    newObjectId?: string;
  } = {},
) {
  return {
    commits: [
      { commitId: COMMIT, author: BY, committer: BY, comment: 'Fixed it' },
    ],
    refUpdates: [
      {
        name: options.ref ?? 'refs/heads/main',
        oldObjectId: options.oldObjectId ?? COMMIT,
        newObjectId:
          options.newObjectId ?? '33b55f7cb7e7e245323987634f960cf4a6e6bc74',
      },
    ],
    repository: repository(
      subject,
      options.remoteUrl ?? 'https://dev.azure.com/contoso/Payments/_git/api',
    ),
    pushedBy: BY,
    pushId: 14,
    date: '2026-11-01T12:00:00.000Z',
  };
}

function envelope(
  eventType: string,
  resource: unknown,
  subject: Subject,
  further: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    subscriptionId: 'a4e2b3c0-6d2f-4a3f-9c55-2f5f4f9a7b11',
    notificationId: 3,
    id: '03c164c2-8912-4d5e-8009-3707d5f83734',
    eventType,
    publisherId: 'tfs',
    scope: 'all',
    message: { text: 'Somebody did something', html: '…', markdown: '…' },
    detailedMessage: { text: '…', html: '…', markdown: '…' },
    resource,
    resourceVersion: eventType === 'git.push' ? '1.0' : '1.0-preview.1',
    resourceContainers: {
      collection: {
        id: COLLECTION,
        baseUrl: 'https://contoso.visualstudio.com/',
      },
      account: { id: COLLECTION, baseUrl: 'https://contoso.visualstudio.com/' },
      project: {
        id: subject.projectId,
        baseUrl: 'https://contoso.visualstudio.com/',
      },
    },
    createdDate: '2026-11-01T12:00:04.000Z',
    ...further,
  };
}

function lifecycle(subject: Subject, further: Record<string, unknown> = {}) {
  return {
    repository: {
      ...repository(subject, 'https://dev.azure.com/contoso/Payments/_git/api'),
      size: 728,
      sshUrl: 'git@ssh.dev.azure.com:v3/contoso/Payments/api',
      isDisabled: false,
    },
    initiatedBy: BY,
    utcTimestamp: '2026-11-01T12:00:00Z',
    ...further,
  };
}

const without = (
  value: Record<string, unknown>,
  ...names: string[]
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(value).filter(([name]) => !names.includes(name)),
  );

type Form = readonly [string, PayloadForm['payload']];

const PUSHES: readonly Form[] = [
  ['as documented', s => envelope('git.push', push(s), s)],
  [
    'without messages',
    s =>
      without(envelope('git.push', push(s), s), 'message', 'detailedMessage'),
  ],
  [
    'without scope, subscription and number',
    s =>
      without(
        envelope('git.push', push(s), s),
        'scope',
        'subscriptionId',
        'notificationId',
      ),
  ],
  [
    'without resource containers, as from the button Test',
    s => without(envelope('git.push', push(s), s), 'resourceContainers'),
  ],
  [
    'with resource containers without addresses',
    s =>
      envelope('git.push', push(s), s, {
        resourceContainers: {
          collection: { id: COLLECTION },
          account: { id: COLLECTION },
          project: { id: s.projectId },
        },
      }),
  ],
  ...[
    'https://contoso@dev.azure.com/contoso/My Project/_git/api',
    'https://dev.azure.com/contoso/My%20Project/_git/api',
    'https://contoso.visualstudio.com/Payments/_git/api',
    'https://contoso.visualstudio.com/DefaultCollection/Payments/_git/api',
    'https://contoso.visualstudio.com/Payments/DefaultCollection/_git/api',
    'https://contoso.visualstudio.com/_git/Payments',
    'https://dev.azure.com/contoso/Payments/_git/Payments',
    'http://tfs.contoso.example:8080/tfs/DefaultCollection/_git/Payments',
  ].map((remoteUrl): Form => [
    `with the address ${remoteUrl}`,
    s => envelope('git.push', push(s, { remoteUrl }), s),
  ]),
  ...['1.0', '1.0-preview.1', '2.0', '3.0-preview.1'].map(
    (resourceVersion): Form => [
      `of resource version ${resourceVersion}`,
      s => envelope('git.push', push(s), s, { resourceVersion }),
    ],
  ),
  [
    'with ids in capitals',
    s =>
      envelope(
        'git.push',
        push({
          repositoryId: s.repositoryId.toUpperCase(),
          projectId: s.projectId.toUpperCase(),
        }),
        s,
      ),
  ],
  [
    'that creates the branch, without commits',
    s =>
      envelope(
        'git.push',
        without(push(s, { oldObjectId: ZERO }), 'commits'),
        s,
      ),
  ],
  [
    'with minimal details',
    s =>
      envelope(
        'git.push',
        {
          repository: {
            id: s.repositoryId,
            url: 'https://contoso.visualstudio.com/',
          },
          pushId: 14,
          url: 'https://contoso.visualstudio.com/',
        },
        s,
      ),
  ],
  [
    'with minimal details that name the project alone',
    s => envelope('git.push', { pushId: 14 }, s),
  ],
  [
    'with no details',
    s => without(envelope('git.push', undefined, s), 'resource'),
  ],
];

/** Pushes to `main`, one for each way in which deliveries have been seen to differ. */
export const PUSH_FORMS: readonly PayloadForm[] = PUSHES.map(
  ([form, payload]) => ({ form, eventType: 'git.push', payload }),
);

/** Everything else that can happen to a repository. */
export const LIFECYCLE_FORMS: readonly PayloadForm[] = [
  {
    form: 'as documented',
    eventType: 'git.repo.created',
    payload: s => envelope('git.repo.created', lifecycle(s), s),
  },
  {
    form: 'as of a created repository',
    eventType: 'git.repo.forked',
    payload: s => envelope('git.repo.forked', lifecycle(s), s),
  },
  {
    form: 'as documented',
    eventType: 'git.repo.renamed',
    payload: s =>
      envelope(
        'git.repo.renamed',
        lifecycle(s, { oldName: 'service', newName: 'api' }),
        s,
      ),
  },
  {
    form: 'as documented',
    eventType: 'git.repo.statuschanged',
    payload: s =>
      envelope('git.repo.statuschanged', lifecycle(s, { disabled: true }), s),
  },
  {
    form: 'as documented, without a repository',
    eventType: 'git.repo.deleted',
    payload: s =>
      envelope(
        'git.repo.deleted',
        {
          project: project(s),
          repositoryId: s.repositoryId,
          repositoryName: 'api',
          isHardDelete: false,
          initiatedBy: BY,
          utcTimestamp: '2026-11-01T12:00:00Z',
        },
        s,
      ),
  },
];

export const ALL_FORMS: readonly PayloadForm[] = [
  ...PUSH_FORMS,
  ...LIFECYCLE_FORMS,
];

/** A push to another branch than `main`. */
export function pushTo(branch: string, subject: Subject) {
  return envelope(
    'git.push',
    push(subject, { ref: `refs/heads/${branch}` }),
    subject,
  );
}
