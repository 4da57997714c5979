// A tool in Go. The count runs beside the command, and nothing of it is waited for or shown.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// options returns the path of the options: a file that is installed beside the program.
func options() string {
	program, err := os.Executable()
	if err != nil {
		return "telemetry.json"
	}
	return filepath.Join(filepath.Dir(program), "telemetry.json")
}

func count(name string, pairs ...string) {
	arguments := append([]string{"count", name, "--options", options()}, pairs...)
	// Without standard streams, and without Wait. If otlp-tally is not installed, the tool works without it.
	_ = exec.Command("otlp-tally", arguments...).Start()
}

func main() {
	if len(os.Args) != 2 || os.Args[1] != "build" {
		fmt.Fprintln(os.Stderr, "usage: trix build")
		os.Exit(2)
	}
	count("build")
	fmt.Println("built")
	count("build_finished", "target=release", "cached=false")
}
