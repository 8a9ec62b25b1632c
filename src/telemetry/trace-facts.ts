import { RememberedBytes } from './remembered-bytes.ts';
import { attribute } from './trace-json.ts';
import { names, providers } from './trace-names.ts';

/** As in OpenTelemetry's JSON, where they count from 1 and 0 says nothing. */
const kinds = { server: 2, client: 3 } as const;

/** What the spans of many calls have in common: fields of a span from its name to its attributes, of which more may follow. */
function common(name: string, kind: number, attributes: readonly string[]): string {
  return `,"name":${JSON.stringify(name)},"kind":${kind},"attributes":[${attributes.join(',')}`;
}

/** Of a call's own span. */
export const callFacts = new RememberedBytes(
  (asked: string, method: string, path: string, operation: string, caller: string) =>
    common(`${method} ${path}`, kinds.server, [
      attribute(names.method, method),
      attribute(names.route, path),
      attribute(names.operation, operation),
      attribute(names.requestModel, asked),
      attribute(names.caller, caller),
    ]),
);

/** Of the span of a try. */
export const targetFacts = new RememberedBytes(
  (model: string, operation: string, backend: string, type: string, baseUrl: string) => {
    const { hostname, port, protocol } = new URL(baseUrl);
    return common(`${operation} ${model}`, kinds.client, [
      attribute(names.operation, operation),
      attribute(names.provider, providers[type] ?? backend),
      attribute(names.requestModel, model),
      attribute(names.serverAddress, hostname.replace(/^\[|\]$/g, '')),
      attribute(names.serverPort, Number(port || (protocol === 'https:' ? 443 : 80))),
    ]);
  },
);
