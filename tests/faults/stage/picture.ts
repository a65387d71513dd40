import type { OrganizationName } from './world';
import { ALL_NUMBERS, ORGANIZATIONS, referencesOf } from './world';

/** What the catalog is expected to hold: entity references with their revision. */
export type Picture = ReadonlyMap<string, number>;

/** An edit of what is expected, as the rows declare it. */
export type Edit = (picture: Picture) => Picture;

/** The catalog as the template database has it. */
export function firstPicture(): Picture {
  return new Map(
    ORGANIZATIONS.flatMap(organization =>
      ALL_NUMBERS.flatMap(number => referencesOf(organization, number)),
    ).map(reference => [reference, 1]),
  );
}

export const unchanged: Edit = picture => picture;

/** Without what these repositories give. */
export function without(
  organization: OrganizationName,
  numbers: readonly number[],
): Edit {
  return withoutReferences(
    numbers.flatMap(number => referencesOf(organization, number)),
  );
}

export function withoutReferences(references: readonly string[]): Edit {
  return picture => {
    const edited = new Map(picture);
    for (const reference of references) {
      edited.delete(reference);
    }
    return edited;
  };
}

/** With these components, new or at another revision. */
export function withComponents(
  names: readonly string[],
  revision: number,
): Edit {
  return picture =>
    new Map([
      ...picture,
      ...names.map(name => [`component:default/${name}`, revision] as const),
    ]);
}

export function inOrder(...edits: readonly Edit[]): Edit {
  return picture => edits.reduce((edited, edit) => edit(edited), picture);
}

/** The organization that an entity of this world belongs to. */
function organizationOf(reference: string): OrganizationName | undefined {
  return ORGANIZATIONS.find(organization =>
    reference.includes(`/${organization}-`),
  );
}

export function partOf(
  picture: Picture,
  organizations: readonly OrganizationName[],
): Picture {
  return new Map(
    [...picture].filter(([reference]) => {
      const organization = organizationOf(reference);
      return organization !== undefined && organizations.includes(organization);
    }),
  );
}
