import { attribute, quoteAscii } from './trace-json.ts';
import { names, providers } from './trace-names.ts';

/** What many spans have in common, as JSON. */
interface CommonFacts {
  readonly name: string;
  /** Parted by commas. */
  readonly attributes: string;
}

/** Clients make up names of models; beyond so many all are forgotten. */
const maximumKnown = 500;

/** Remembers what was made of the latest facts with the same key. */
class Remembered<Facts extends Readonly<Record<string, string>>> {
  readonly #make: (facts: Facts) => CommonFacts;
  readonly #keyField: keyof Facts;
  readonly #known = new Map<string, { readonly facts: Facts; readonly made: CommonFacts }>();

  constructor(keyField: keyof Facts, make: (facts: Facts) => CommonFacts) {
    this.#keyField = keyField;
    this.#make = make;
  }

  get(facts: Facts): CommonFacts {
    const key = facts[this.#keyField] as string;
    const known = this.#known.get(key);
    if (known !== undefined && isSame(known.facts, facts)) return known.made;
    const made = this.#make(facts);
    if (this.#known.size >= maximumKnown) this.#known.clear();
    this.#known.set(key, { facts, made });
    return made;
  }
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  for (const name in one) if (one[name] !== other[name]) return false;
  return true;
}

type CallFacts = Readonly<Record<'method' | 'path' | 'operation' | 'asked' | 'caller', string>>;

const calls = new Remembered<CallFacts>('asked', ({ method, path, operation, asked, caller }) => ({
  name: quoteAscii(`${method} ${path}`),
  attributes: [
    attribute(names.method, method),
    attribute(names.route, path),
    attribute(names.operation, operation),
    attribute(names.requestModel, asked),
    attribute(names.caller, caller),
  ].join(','),
}));

/** Of a call's own span. */
export function callFacts(facts: CallFacts): CommonFacts {
  return calls.get(facts);
}

type TargetFacts = Readonly<Record<'operation' | 'backend' | 'type' | 'baseUrl' | 'model', string>>;

const targets = new Remembered<TargetFacts>('model', ({ operation, backend, type, baseUrl, model }) => {
  const { hostname, port, protocol } = new URL(baseUrl);
  return {
    name: quoteAscii(`${operation} ${model}`),
    attributes: [
      attribute(names.operation, operation),
      attribute(names.provider, providers[type] ?? backend),
      attribute(names.requestModel, model),
      attribute(names.serverAddress, hostname.replace(/^\[|\]$/g, '')),
      attribute(names.serverPort, Number(port || (protocol === 'https:' ? 443 : 80))),
    ].join(','),
  };
});

/** Of the span of a try. */
export function targetFacts(facts: TargetFacts): CommonFacts {
  return targets.get(facts);
}
