import { explainOperation } from './explain';
import type { Operation } from './operation';
import { Providers, type OperationsContext } from './providers';
import { approveOperation, heldBackOperation } from './held-back';
import { refreshOperation } from './refresh';
import { duplicatesOperation, rejectedFilesOperation } from './rejected';
import { statusOperation } from './status';

/** All that operators can ask and do. */
export function createOperations(
  context: OperationsContext,
): readonly Operation[] {
  const providers = new Providers(context);
  return [
    explainOperation(context, providers),
    statusOperation(context, providers),
    rejectedFilesOperation(providers),
    duplicatesOperation(providers),
    heldBackOperation(providers),
    refreshOperation(context, providers),
    approveOperation(providers, context.auditor),
  ];
}
