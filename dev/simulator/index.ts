export { Simulator, type SimulatorOptions } from './simulator';
export type {
  FaultKind,
  FaultMatch,
  FaultOptions,
  InjectedFault,
} from './faults';
export type { LoggedRequest, RequestFilter } from './requests';
export type * from './model';
