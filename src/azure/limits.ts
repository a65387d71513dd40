const MEBIBYTE = 1_048_576;

/** How large an answer of each kind may be, in bytes, before and after decompression. */
export const LIMITS = {
  /** Which resources there are in which versions: some 200 KB. */
  discovery: 8 * MEBIBYTE,
  /** Every repository of an organization, at about 1.5 KB each. */
  repositories: 256 * MEBIBYTE,
  repository: MEBIBYTE,
  /** A thousand projects with their descriptions. */
  projects: 16 * MEBIBYTE,
  /** A descriptor within JSON. What is larger is no descriptor. */
  item: 16 * MEBIBYTE,
  /** Every file of a repository, at about 0.5 KB each. */
  listing: 256 * MEBIBYTE,
  /** A file as it is. */
  blob: 32 * MEBIBYTE,
  /** A thousand repositories with their hours, at about 60 bytes each. */
  activity: 64 * MEBIBYTE,
  /** A thousand results, at about 0.6 KB each. */
  search: 32 * MEBIBYTE,
} as const;
