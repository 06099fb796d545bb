// Command gen reads the public headers and writes the two files that the build tag mlxc_dlopen needs: mlxc_abi.h, all headers in one, so
// that the package builds where libmlxc is not installed; and mlxc_dlopen.c, the functions of the ABI, each handing its call to the
// library that was opened.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	include := flag.String("include", "../../include", "folder that holds mlxc/mlxc.h")
	out := flag.String("out", ".", "folder to write into")
	flag.Parse()
	header, source, err := generate(*include)
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range map[string]string{"mlxc_abi.h": header, "mlxc_dlopen.c": source} {
		if err := os.WriteFile(filepath.Join(*out, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

var includeLine = regexp.MustCompile(`(?m)^#include "(mlxc/\w+\.h)"\n`)

// amalgamate puts every header once, before those that include it.
func amalgamate(include, name string, seen map[string]bool) (string, error) {
	if seen[name] {
		return "", nil
	}
	seen[name] = true
	data, err := os.ReadFile(filepath.Join(include, name))
	if err != nil {
		return "", err
	}
	var before strings.Builder
	for _, match := range includeLine.FindAllStringSubmatch(string(data), -1) {
		text, err := amalgamate(include, match[1], seen)
		if err != nil {
			return "", err
		}
		before.WriteString(text)
	}
	return before.String() + includeLine.ReplaceAllString(string(data), ""), nil
}

var (
	comments    = regexp.MustCompile(`(?s)/\*.*?\*/`)
	declaration = regexp.MustCompile(`(?s)MLXC_API\s+([\w\s]+?[\s*]+)(mlxc_\w+)\s*\(([^;]*)\);`)
	callback    = regexp.MustCompile(`\(\*(\w+)\)`)
	lastName    = regexp.MustCompile(`(\w+)$`)
	blankLines  = regexp.MustCompile(`([ \t]*\n)+`)
	spaces      = regexp.MustCompile(`\s+`)
)

// parameterNames splits a parameter list at its outer commas and takes the name of each.
func parameterNames(list string) []string {
	if list == "void" || list == "" {
		return nil
	}
	var names []string
	depth, start := 0, 0
	add := func(parameter string) {
		if match := callback.FindStringSubmatch(parameter); match != nil {
			names = append(names, match[1])
		} else {
			names = append(names, lastName.FindString(strings.TrimSpace(parameter)))
		}
	}
	for i, c := range list {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			add(list[start:i])
			start = i + 1
		}
	}
	add(list[start:])
	return names
}

func generate(include string) (header, source string, err error) {
	header, err = amalgamate(include, "mlxc/mlxc.h", map[string]bool{})
	if err != nil {
		return "", "", err
	}
	// The functions below stay inside the program: an exported mlxc_ name would take the place of the library's own.
	visible := `__attribute__((visibility("default")))`
	if !strings.Contains(header, visible) {
		return "", "", fmt.Errorf("the headers do not define MLXC_API as expected")
	}
	// Without comments: rewording one changes nothing here. The headers in include/ are the ones to read.
	header = blankLines.ReplaceAllString(comments.ReplaceAllString(header, ""), "\n")
	header = "/* Made by internal/gen from include/mlxc: do not edit. */\n" + strings.Replace(header, visible, `__attribute__((visibility("hidden")))`, 1)

	var pointers, functions, lookups strings.Builder
	found := declaration.FindAllStringSubmatch(header, -1)
	if len(found) == 0 {
		return "", "", fmt.Errorf("no function found in the headers")
	}
	for _, match := range found {
		result, name := strings.TrimSpace(spaces.ReplaceAllString(match[1], " ")), match[2]
		parameters := strings.TrimSpace(spaces.ReplaceAllString(match[3], " "))
		names := parameterNames(parameters)
		arguments := strings.Join(names, ", ")
		space := " "
		if strings.HasSuffix(result, "*") {
			space = ""
		}
		fmt.Fprintf(&pointers, "static %s%s(*p_%s)(%s);\n", result, space, name, parameters)
		fmt.Fprintf(&lookups, "    {\"%s\", (void **)&p_%s},\n", name, name)
		fmt.Fprintf(&functions, "%s%s%s(%s) {\n", result, space, name, parameters)
		switch {
		case result == "void":
			fmt.Fprintf(&functions, "  if (p_%s) p_%s(%s);\n", name, name, arguments)
		case result == "mlxc_status" && len(names) > 0 && names[len(names)-1] == "error":
			fmt.Fprintf(&functions, "  return p_%s ? p_%s(%s) : missing(\"%s\", error);\n", name, name, arguments, name)
		default:
			fmt.Fprintf(&functions, "  return p_%s ? p_%s(%s) : 0;\n", name, name, arguments)
		}
		functions.WriteString("}\n")
	}
	source = fmt.Sprintf(dlopenSource, pointers.String(), lookups.String(), functions.String())
	return header, source, nil
}

const dlopenSource = `//go:build mlxc_dlopen

/* Made by internal/gen from include/mlxc: do not edit. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "shim.h"

%s
static const struct {
  const char *name;
  void **pointer;
} functions[] = {
%s};

int mlxc_go_open(const char *path, char *reason, size_t capacity) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *text = dlerror();
    snprintf(reason, capacity, "%%s", text ? text : "dlopen failed");
    return 0;
  }
  /* Apple's mlx-c builds a libmlxc too: without these two it is another library. */
  if (!dlsym(library, "mlxc_abi_version") || !dlsym(library, "mlxc_model_load")) {
    snprintf(reason, capacity, "it is another library of that name: mlxc_abi_version is missing");
    dlclose(library);
    return 0;
  }
  for (size_t i = 0; i < sizeof functions / sizeof *functions; ++i) *functions[i].pointer = dlsym(library, functions[i].name);
  return 1;
}

static mlxc_status missing(const char *name, mlxc_error *error) {
  if (error && error->struct_size >= sizeof *error) {
    error->status = MLXC_UNSUPPORTED;
    error->native = 0;
    snprintf(error->message, sizeof error->message, "the opened library has no %%s; install a newer one", name);
  }
  return MLXC_UNSUPPORTED;
}

%s`
