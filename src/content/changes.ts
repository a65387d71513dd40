/**
 * Tells what was read before a repository was said to have changed from what
 * was read after. A read draws a ticket when it starts, so that a push that
 * overtakes it is not missed. Tickets are counted, so no clock is involved.
 */
export class AnnouncedChanges {
  readonly #latest = new Map<string, number>();
  #count = 0;

  /** To be drawn before the request is made. */
  ticket(): number {
    return this.#count;
  }

  /** @param repositoryId - the GUID, in any case */
  announce(repositoryId: string): void {
    this.#latest.set(repositoryId.toLowerCase(), ++this.#count);
  }

  /** Whether no change has been announced since the ticket was drawn. */
  isCurrent(repositoryId: string, ticket: number): boolean {
    return (this.#latest.get(repositoryId.toLowerCase()) ?? 0) <= ticket;
  }
}
