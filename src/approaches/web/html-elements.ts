const names = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Never have a content or an end. */
export const voidElements = names('area base br col embed hr img input link meta param source track wbr');

/** Their content is characters, not markup; none of it is main text. */
export const rawElements = names('script style iframe noembed noframes textarea title');

/** Left out with all that is in them. */
export const skippedElements = names(
  'nav template noscript svg annotation annotation-xml select button datalist dialog object audio video canvas map',
);

/** Left out where they stand outside of the main content: what frames every page of a site. */
export const framingElements = names('header footer aside');

/** Begin and end without ado: documents often lack one of their tags. */
export const looseElements = names('html head body p li dt dd tr td th thead tbody tfoot option optgroup rp rt');

/** Their text never runs on with what is around them. */
export const blockElements = names(
  'address article aside blockquote body center dd details dir div dl dt fieldset figcaption figure footer form h1 h2 h3 ' +
    'h4 h5 h6 header hgroup hr legend li main menu ol p pre search section summary table tbody td tfoot th thead title tr ul',
);

/** Shown as it was typed, between backticks. */
export const codeElements = names('code kbd samp tt');

export const skippedRoles = names('navigation search banner contentinfo menu menubar dialog alertdialog');
