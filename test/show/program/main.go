// Spends its time behind an interface that is nearly always the same type: what a compiler can do more about once it
// has seen a profile.
package main

import "time"

type shape interface{ area(n int) int }

type square struct{ side int }

func (s square) area(n int) int { return mix(s.side*s.side, n) }

type circle struct{ radius int }

func (c circle) area(n int) int { return mix(3*c.radius*c.radius, n) }

// Inlined, so that the samples are of the methods.
func mix(sum, n int) int {
	for i := 0; i < 40; i++ {
		sum ^= sum<<13 ^ n
		sum ^= sum >> 7
	}
	return sum
}

//go:noinline
func spin(shapes []shape, rounds int) int {
	sum := 0
	for n := 0; n < rounds; n++ {
		sum += shapes[n%len(shapes)].area(n)
	}
	return sum
}

func main() {
	defer startProfile()()
	shapes := []shape{square{2}, square{3}, square{4}, square{5}, square{6}, square{7}, circle{8}}
	sum := 0
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		sum += spin(shapes, 100_000)
	}
	println(sum)
}
