// Package boats is about the tests beside it.
package boats
