// Renders a Helm chart without Helm: text/template with sprig and what Helm adds, takes away and forbids.
//
//	render CHART < request.json > documents.json
//
// It answers with the text of each template, and with the values as the templates saw them. Where the rendering ends
// with an error, that is on standard error and the exit code is 1.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

type object = map[string]interface{}

// request is what the command line of Helm would say.
type request struct {
	Values      string   // YAML, laid over the chart's own
	Release     string   // the release's name
	Namespace   string   // the release's namespace
	ChartName   string   // the alias, where the chart is a part of another
	APIVersions []string // what the cluster has
}

type answer struct {
	Documents map[string]string `json:"documents"`
	Values    object            `json:"values"`
}

// apiVersions is `.Capabilities.APIVersions`.
type apiVersions []string

func (versions apiVersions) Has(name string) bool {
	for _, version := range versions {
		if version == name {
			return true
		}
	}
	return false
}

// files is `.Files`.
type files struct{ root string }

func (f files) Get(name string) string {
	content, err := os.ReadFile(filepath.Join(f.root, name))
	if err != nil {
		return ""
	}
	return string(content)
}

func main() {
	if err := run(os.Args[1], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(chart string, in io.Reader, out io.Writer) error {
	var asked request
	if err := json.NewDecoder(in).Decode(&asked); err != nil {
		return err
	}
	values, given, meta := object{}, object{}, object{}
	if err := yaml.Unmarshal([]byte(files{chart}.Get("values.yaml")), &values); err != nil {
		return fmt.Errorf("values.yaml: %w", err)
	}
	if err := yaml.Unmarshal([]byte(asked.Values), &given); err != nil {
		return fmt.Errorf("the values: %w", err)
	}
	if err := yaml.Unmarshal([]byte(files{chart}.Get("Chart.yaml")), &meta); err != nil {
		return fmt.Errorf("Chart.yaml: %w", err)
	}
	values = lay(given, values)
	documents, err := render(chart, rootOf(asked, values, meta, chart))
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(answer{documents, values})
}

// rootOf gives what stands behind the dot of each template.
func rootOf(asked request, values, meta object, chart string) object {
	about := object{}
	for name, value := range meta {
		about[strings.ToUpper(name[:1])+name[1:]] = value
	}
	if asked.ChartName != "" {
		about["Name"] = asked.ChartName
	}
	return object{
		"Values": values,
		"Chart":  about,
		"Release": object{"Name": asked.Release, "Namespace": asked.Namespace, "Service": "Helm",
			"IsInstall": true, "IsUpgrade": false, "Revision": 1},
		"Capabilities": object{"APIVersions": apiVersions(asked.APIVersions)},
		"Files":        files{chart},
	}
}

// lay puts values over others as Helm does: mappings are joined, null takes a value away, all else replaces.
func lay(over, under object) object {
	joined := object{}
	for name, value := range under {
		joined[name] = value
	}
	for name, value := range over {
		upper, isObject := value.(object)
		lower, wasObject := joined[name].(object)
		if value == nil {
			delete(joined, name)
		} else if isObject && wasObject {
			joined[name] = lay(upper, lower)
		} else {
			joined[name] = value
		}
	}
	return joined
}

func render(chart string, root object) (map[string]string, error) {
	paths, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all))
	for _, path := range paths {
		if _, err := all.New(filepath.Base(path)).Parse(files{""}.Get(path)); err != nil {
			return nil, err
		}
	}
	documents := map[string]string{}
	for _, path := range paths {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "_") {
			continue
		}
		text, err := execute(all, name, root)
		if err != nil {
			return nil, err
		}
		documents[name] = text
	}
	return documents, nil
}

func execute(all *template.Template, name string, data interface{}) (string, error) {
	if root, ok := data.(object); ok {
		root["Template"] = object{"Name": "headrace/templates/" + name, "BasePath": "headrace/templates"}
	}
	var text strings.Builder
	if err := all.ExecuteTemplate(&text, name, data); err != nil {
		return "", err
	}
	return strings.ReplaceAll(text.String(), "<no value>", ""), nil
}

// functions gives what Helm's templates may call.
func functions(all *template.Template) template.FuncMap {
	known := sprig.TxtFuncMap()
	delete(known, "env")
	delete(known, "expandenv")
	known["include"] = func(name string, data interface{}) (string, error) {
		var text strings.Builder
		err := all.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	known["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := all.Clone()
		if err != nil {
			return "", err
		}
		if _, err := copied.New("tpl").Parse(text); err != nil {
			return "", err
		}
		return execute(copied, "tpl", data)
	}
	known["required"] = func(warning string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", warning)
		}
		return value, nil
	}
	known["fail"] = func(text string) (string, error) { return "", fmt.Errorf("%s", text) }
	known["lookup"] = func(string, string, string, string) object { return object{} }
	known["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	known["fromYaml"] = func(text string) object {
		value := object{}
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			value["Error"] = err.Error()
		}
		return value
	}
	known["toJson"] = func(value interface{}) (string, error) {
		text, err := json.Marshal(value)
		return string(text), err
	}
	return known
}
