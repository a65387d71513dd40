import type { Socket } from 'node:net';
import type { StrikingFault } from '../faults';
import type { SimulatedResponse } from '../http';
import type { PendingRequest } from '../requests';

/** An answer on its way to the client. */
export interface Delivery {
  readonly response: SimulatedResponse;
  readonly fault: StrikingFault | undefined;
  readonly pending: PendingRequest;
  /** Whether the client said that it takes gzip. */
  readonly acceptsGzip: boolean;
  /** The TCP connection under all layers. */
  readonly socket: Socket;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
}
