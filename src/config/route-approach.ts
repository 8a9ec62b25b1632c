import type { ApproachCatalogue, ApproachFault } from './approach-catalogue.ts';
import { type ApproachesConfig, noApproach, type RouteApproach, type RouteBudget } from './approaches-config.ts';
import { milliseconds } from './build-backend.ts';
import { typedValue } from './check-tree.ts';
import { hasBrokenPart } from './model-rules.ts';
import type { SettingsTree } from './resolve-setting.ts';
import { nodeAt, type Path, type TreeNode } from './tree.ts';
import type { RouteValue } from './written-route.ts';

/** What the approach of a route is checked with. */
export interface KnownApproaches {
  /** Undefined: names and parameters are taken as they are. */
  readonly catalogue: ApproachCatalogue | undefined;
  readonly settings: ApproachesConfig;
}

/** Reads and checks how a route answers; faults are in the report. */
export function readRouteApproach(
  name: string,
  value: RouteValue,
  file: SettingsTree,
  known: KnownApproaches,
): RouteApproach {
  const path = ['routes', name];
  const approach = value.approach?.trim() ?? noApproach.approach;
  const isFaulty = value.approach === undefined && nodeAt(file.tree, [...path, 'approach']) !== undefined;
  if (approach === noApproach.approach) {
    if (!isFaulty) checkNothingIsIdle(path, file);
    return noApproach;
  }
  warnOfIdleCalls(value, path, file, known.settings);
  return {
    approach,
    approachParameters: readParameters(approach, path, file, known),
    budget: routeBudget(value.budget),
    withTools: value.with_tools ?? noApproach.withTools,
  };
}

function checkNothingIsIdle(path: Path, { tree, report }: SettingsTree): void {
  const add = 'belongs to an approach, and this route has none; add approach';
  const remedies = {
    parameters: 'or write request fields as the parameters of a candidate',
    budget: 'or leave it out',
    with_tools: 'or leave it out',
  };
  for (const [field, remedy] of Object.entries(remedies)) {
    const node = nodeAt(tree, [...path, field]);
    if (node) report.error(node.place, [...path, field], `${add}, ${remedy}`);
  }
}

function warnOfIdleCalls(
  { budget }: RouteValue,
  path: Path,
  { tree, report }: SettingsTree,
  settings: ApproachesConfig,
): void {
  const most = budget?.max_calls;
  if (most === undefined || most <= settings.maxCalls) return;
  const here = [...path, 'budget', 'max_calls'];
  const doubt = `is above approaches.max_calls (${settings.maxCalls}), which holds for every request; lower it or raise that`;
  report.warning(nodeAt(tree, here)?.place, here, doubt);
}

function routeBudget(written: RouteValue['budget']): RouteBudget {
  const { max_calls, deadline, max_cost, when_spent } = written ?? {};
  return {
    maxCalls: max_calls,
    deadlineMs: deadline === undefined ? undefined : milliseconds(deadline),
    maxCost: max_cost === undefined ? undefined : Math.max(1, Math.round(max_cost * 1e9)),
    whenSpent: when_spent ?? noApproach.budget.whenSpent,
  };
}

/** The parameters as the catalogue takes them; a text out of a variable may also stand for a number, true or false. */
function readParameters(
  approach: string,
  path: Path,
  { tree, report }: SettingsTree,
  { catalogue, settings }: KnownApproaches,
): Readonly<Record<string, unknown>> {
  const top = [...path, 'parameters'];
  const node = nodeAt(tree, top);
  const isEmpty = node === undefined || (node.kind === 'scalar' && node.value === null);
  if (!isEmpty && (node.kind !== 'mapping' || hasBrokenPart(node))) {
    const fault = catalogue?.check(approach, {}, settings);
    if (fault?.path.length === 0) reportFault(fault, path, { tree, report }); // of the parameters there is a report
    return {};
  }
  const typed = new Set<TreeNode>();
  for (;;) {
    const parameters = isEmpty ? {} : (plainTyped(node, typed) as Readonly<Record<string, unknown>>);
    const fault = catalogue?.check(approach, parameters, settings);
    if (!fault) return parameters;
    const at = node && nodeAt(node, fault.path);
    if (at && isFromVariable(at) && !typed.has(at)) typed.add(at);
    else {
      reportFault(fault, path, { tree, report });
      return parameters;
    }
  }
}

function isFromVariable(node: TreeNode): boolean {
  return node.kind === 'scalar' && node.substituted === true;
}

function plainTyped(node: TreeNode, typed: ReadonlySet<TreeNode>): unknown {
  if (node.kind === 'scalar') return typed.has(node) ? typedValue(String(node.value).trim()) : node.value;
  if (node.kind === 'list') return node.items.map((item) => plainTyped(item, typed));
  const value: Record<string, unknown> = Object.create(null);
  for (const [name, entry] of node.entries) value[name] = plainTyped(entry.node, typed);
  return value;
}

/** At the parameter; where that is missing, at what it is missing in. */
function reportFault(
  { message, path: inner }: ApproachFault,
  path: Path,
  { tree, report }: Pick<SettingsTree, 'tree' | 'report'>,
): void {
  if (inner.length === 0) {
    const here = [...path, 'approach'];
    report.error(nodeAt(tree, here)?.place, here, message);
    return;
  }
  const top = [...path, 'parameters'];
  let place = (nodeAt(tree, top) ?? nodeAt(tree, [...path, 'approach']))?.place;
  for (let length = 1; length <= inner.length; length++) {
    place = nodeAt(tree, [...top, ...inner.slice(0, length)])?.place ?? place;
  }
  report.error(place, [...top, ...inner], message);
}
