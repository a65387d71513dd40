import { simulate } from './tests/azure/limiter/simdbg';
simulate({"requests":4067,"latencyMs":84,"namesCost":false, service: { costs: {items: 6.1*200/4067}, headersFrom: 0.36297024834029895 }});
