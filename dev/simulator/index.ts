export { Simulator } from './simulator';
export type { SimulatorOptions } from './options';
export type {
  FaultKind,
  FaultMatch,
  FaultOptions,
  InjectedFault,
} from './faults';
export type { LoggedRequest, RequestFilter, RequestTotals } from './requests';
export type * from './model';
