/** Controls the simulator of another process over its control interface. */
export class Control {
  constructor(private readonly url: string) {}

  async do(operation: string, args: object = {}): Promise<unknown> {
    const response = await fetch(`${this.url}/${operation}`, {
      method: 'POST',
      body: JSON.stringify(args),
    });
    const body: unknown = await response.json();
    if (!response.ok) {
      throw new Error(`${operation}: ${JSON.stringify(body)}`);
    }
    return body;
  }

  /** How many requests the simulator has received. */
  async countRequests(): Promise<number> {
    const { count } = (await this.do('requests')) as {
      count: number;
    };
    return count;
  }
}
