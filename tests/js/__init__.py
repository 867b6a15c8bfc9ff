"""Tests of the JavaScript library, in a real browser. They need neither Django nor a real server of ours."""
