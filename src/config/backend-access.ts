import type { Loose } from './check-tree.ts';
import { required } from './check-tree.ts';
import { type KeyVariable, onlyKey, pooledKeys } from './key-variables.ts';
import type { FileReport } from './report.ts';
import { type BackendFile, backendFile } from './schema/backend-file.ts';
import type { Vendor } from './schema/vendor-file.ts';
import { nodeAt, type TreeNode } from './tree.ts';

/** Where a backend is and how it is told who calls, with what a vendor fills in. */
export interface BackendAccess {
  /** The URL as written or as the vendor has it. */
  readonly url: string | undefined;
  readonly authType: BackendFile['auth_type'];
  /** Where its keys come from; none where it needs none. */
  readonly keys: readonly KeyVariable[];
}

/** Puts file and vendor together and checks what belongs together. */
export function resolveAccess(
  file: Loose<BackendFile>,
  vendor: Vendor | 'custom' | undefined,
  tree: TreeNode,
  report: FileReport,
): BackendAccess {
  const written = (name: string) => nodeAt(tree, [name]);
  const known = vendor === 'custom' ? undefined : vendor;
  const url = file.api_base_url ?? (written('api_base_url') ? undefined : known?.api_base_url);
  const needsOwn = vendor === 'custom' || !written('backend_type');
  if (!written('api_base_url') && needsOwn) {
    report.error(tree.place, ['api_base_url'], required(backendFile.shape.api_base_url));
  }
  const authType = resolveAuthType(file, known, tree);
  const ownKey = written('api_key_env_var') ?? written('api_key_env_vars');
  const borrowed = !ownKey && authType !== 'none' && staysAtHome(url, known);
  const variable = file.api_key_env_var ?? (borrowed ? known?.api_key_env_var : undefined);
  const keys = variable === undefined ? pooledKeys(file) : [onlyKey(variable)];
  if (authType !== undefined && (vendor !== undefined || needsOwn))
    checkCredential({ known, authType, isKeyless: !ownKey && keys.length === 0, url }, tree, report);
  return { url, authType: authType ?? 'none', keys: authType === 'none' ? [] : keys };
}

/** Without a word of the file a vendor of local servers needs no key. undefined: what is written is faulty. */
function resolveAuthType(
  file: Loose<BackendFile>,
  vendor: Vendor | undefined,
  tree: TreeNode,
): BackendFile['auth_type'] | undefined {
  const silent = ['auth_type', 'api_key_env_var', 'api_key_env_vars'].every((name) => !nodeAt(tree, [name]));
  if (silent && vendor && vendor.api_key_env_var === undefined) return 'none';
  return file.auth_type;
}

/** A vendor's usual key goes to that vendor's own origin and nowhere else. */
function staysAtHome(url: string | undefined, vendor: Vendor | undefined): boolean {
  return vendor !== undefined && url !== undefined && new URL(url).origin === new URL(vendor.api_base_url).origin;
}

interface Credentials {
  readonly known: Vendor | undefined;
  readonly authType: BackendFile['auth_type'];
  /** Neither the file nor a vendor names a key. */
  readonly isKeyless: boolean;
  readonly url: string | undefined;
}

function checkCredential(found: Credentials, tree: TreeNode, report: FileReport): void {
  const { authType } = found;
  const header = nodeAt(tree, ['auth_header']);
  const pool = nodeAt(tree, ['api_key_env_vars']);
  if (authType === 'none') {
    for (const name of ['api_key_env_var', 'api_key_env_vars']) {
      const node = nodeAt(tree, [name]);
      if (!node) continue;
      const fault = 'must be left out with auth_type: none, which sends no key; or write auth_type: bearer';
      report.error(node.place, [name], fault);
    }
  } else if (found.isKeyless) {
    report.error(tree.place, ['api_key_env_var'], missingVariable(found));
  } else if (pool && nodeAt(tree, ['api_key_env_var'])) {
    const fault = 'only one of api_key_env_var and api_key_env_vars may be given; leave one out';
    report.error(pool.place, ['api_key_env_vars'], fault);
  }
  if (authType === 'custom' && !header) {
    report.error(tree.place, ['auth_header'], 'required with auth_type: custom, such as X-API-Key');
  }
  if (authType !== 'custom' && header) {
    report.error(
      header.place,
      ['auth_header'],
      `must be left out with auth_type: ${authType}; or write auth_type: custom`,
    );
  }
}

function missingVariable({ known, url }: Credentials): string {
  if (!known)
    return 'required: the name of the environment variable that holds the key, such as MY_API_KEY; for a server without keys write auth_type: none';
  const usual = known.api_key_env_var;
  if (!usual || url === undefined)
    return 'required: the name of the environment variable that holds the key, or auth_type: none';
  return `required, since api_base_url is not the vendor's own address, and its usual key (${usual}) goes nowhere else by itself; write api_key_env_var, or auth_type: none`;
}
