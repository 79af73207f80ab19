# Sessions of accounts.
@R14
Feature: Sessions
  What happens to open sessions.

  Background:
    Given an account for "ann@example.test"

  # the ordinary case
  @critical @R2
  Scenario: A reset ends sessions
    Two devices are logged in.

    * a second session
    When the password is reset
      """json
      {"token": "größe"}
      """
    Then these requests are refused:
      | request | status |
      | GET /me | 401    |
    But "GET /health" is answered 200

  Example: Others stay logged in
    When the password is reset
    Then the session of "bob@example.test" is open
