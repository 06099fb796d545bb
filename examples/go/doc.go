// Package examples holds small programs: generate, batch, classify, search.
package examples
