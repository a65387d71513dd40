import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';

/** One line of what Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What the exporter adds to every sample. */
export const ADDED_LABEL = /^otel_scope_|^le$/;

/** Collects the metrics of the backends that are started from now on, as OpenTelemetry's exporter for Prometheus writes them. */
export function collectMetrics() {
  const exporter = new PrometheusExporter({
    port: 0,
    preventServerStart: true,
  });
  const meters = new MeterProvider({ readers: [exporter] });
  metrics.setGlobalMeterProvider(meters);
  const scrape = async (): Promise<Sample[]> => {
    const body = await new Promise<string>(resolve => {
      exporter.getMetricsRequestHandler(
        {} as never,
        {
          setHeader: () => {},
          end: (text: string) => resolve(text),
        } as never,
      );
    });
    return body.split('\n').flatMap(parseSample);
  };
  return {
    /** All that Prometheus would read. */
    scrape,
    /** The samples of one metric: its labels, without what the exporter adds, and its value. */
    async samples(
      name: string,
    ): Promise<Array<{ value: number; [label: string]: string | number }>> {
      return (await scrape())
        .filter(sample => sample.name === name)
        .map(({ labels, value }) => ({
          ...Object.fromEntries(
            Object.entries(labels).filter(
              ([label]) => !ADDED_LABEL.test(label),
            ),
          ),
          value,
        }));
    },
    async stop() {
      await meters.shutdown();
      metrics.disable();
    },
  };
}

function parseSample(line: string): Sample[] {
  const parts = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line);
  if (!parts) {
    return [];
  }
  const [, name = '', labels = '', value = ''] = parts;
  return [
    {
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
          ([, key = '', text = '']) => [key, text],
        ),
      ),
      value: Number(value),
    },
  ];
}
