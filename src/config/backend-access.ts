import type { Loose } from './check-tree.ts';
import { required } from './check-tree.ts';
import type { FileReport } from './report.ts';
import { type BackendFile, backendFile } from './schema/backend-file.ts';
import type { Vendor } from './schema/vendor-file.ts';
import { nodeAt, type TreeNode } from './tree.ts';

/** Where a backend is and how it is told who calls, with what a vendor fills in. */
export interface BackendAccess {
  /** The URL as written or as the vendor has it. */
  readonly url: string | undefined;
  readonly authType: BackendFile['auth_type'];
  readonly variable: string | undefined;
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
  const borrowed = !written('api_key_env_var') && authType !== 'none' && staysAtHome(url, known);
  const variable =
    authType === 'none' ? undefined : (file.api_key_env_var ?? (borrowed ? known?.api_key_env_var : undefined));
  if (authType !== undefined && (vendor !== undefined || needsOwn))
    checkCredential({ file, known, authType, variable, url }, tree, report);
  return { url, authType: authType ?? 'none', variable };
}

/** Without a word of the file a vendor of local servers needs no key. undefined: what is written is faulty. */
function resolveAuthType(
  file: Loose<BackendFile>,
  vendor: Vendor | undefined,
  tree: TreeNode,
): BackendFile['auth_type'] | undefined {
  const silent = !nodeAt(tree, ['auth_type']) && !nodeAt(tree, ['api_key_env_var']);
  if (silent && vendor && vendor.api_key_env_var === undefined) return 'none';
  return file.auth_type;
}

/** A vendor's usual key goes to that vendor's own origin and nowhere else. */
function staysAtHome(url: string | undefined, vendor: Vendor | undefined): boolean {
  return vendor !== undefined && url !== undefined && new URL(url).origin === new URL(vendor.api_base_url).origin;
}

interface Credentials {
  readonly file: Loose<BackendFile>;
  readonly known: Vendor | undefined;
  readonly authType: BackendFile['auth_type'];
  readonly variable: string | undefined;
  readonly url: string | undefined;
}

function checkCredential(found: Credentials, tree: TreeNode, report: FileReport): void {
  const { authType } = found;
  const variable = nodeAt(tree, ['api_key_env_var']);
  const header = nodeAt(tree, ['auth_header']);
  if (authType === 'none' && variable) {
    report.error(
      variable.place,
      ['api_key_env_var'],
      'must be left out with auth_type: none, which sends no key; or write auth_type: bearer',
    );
  }
  if (authType !== 'none' && !variable && found.variable === undefined) {
    report.error(tree.place, ['api_key_env_var'], missingVariable(found));
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
