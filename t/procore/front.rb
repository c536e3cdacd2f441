# What stands before the Rails application: the control pages of the tests
# and the record of what arrived, as it arrived.

require "json"
require "digest"

module Procore
  class Front
    # Bytes of a body kept in the record; length and digest are always of
    # the whole body.
    KEPT_BODY = 65_536

    OAUTH = %r{\A/+oauth/}.freeze

    def initialize(app, ledger, control)
      @app = app
      @ledger = ledger
      @control = control
    end

    def call(env)
      return control(env) if env["PATH_INFO"].start_with?("/__")

      env["standin.entry"] = entry = entry(env)
      @ledger.record(entry)
      @app.call(env)
    end

    # Doorkeeper reads, then writes, in one transaction: two of them at once
    # would make SQLite refuse one. This goes behind the faults, so that a
    # delayed answer does not hold up the other requests to the login host.
    def self.one_login_at_a_time(app)
      lock = Mutex.new
      lambda do |env|
        next app.call(env) unless env["PATH_INFO"].match?(OAUTH)

        lock.synchronize { app.call(env) }
      end
    end

    private

    def entry(env)
      body = env["rack.input"].read
      env["rack.input"].rewind

      {
        "method" => env["REQUEST_METHOD"],
        "target" => target(env),
        "version" => env["HTTP_VERSION"],
        "headers" => headers(env),
        "body" => [body.byteslice(0, KEPT_BODY)].pack("m0"),
        "body_length" => body.bytesize,
        "body_sha256" => Digest::SHA256.hexdigest(body)
      }
    end

    def target(env)
      target = env["REQUEST_URI"].dup.force_encoding("UTF-8").scrub
      target << "##{env["FRAGMENT"]}" if env["FRAGMENT"]
      target
    end

    def headers(env)
      env.each_with_object({}) do |(name, value), found|
        next unless name.match?(/\A(HTTP_|CONTENT_(TYPE|LENGTH)\z)/)
        next if name == "HTTP_VERSION"

        key = name.delete_prefix("HTTP_").downcase.tr("_", "-")
        found[key] = value.dup.force_encoding("UTF-8").scrub
      end
    end

    def control(env)
      body = env["rack.input"].read
      status, answer = @control.call(env["REQUEST_METHOD"], env["PATH_INFO"],
                                     body.empty? ? nil : JSON.parse(body))
      json(status, answer)
    rescue JSON::ParserError, ArgumentError => e
      json(400, "errors" => e.message)
    end

    def json(status, answer)
      text = JSON.generate(answer)
      [status, { "Content-Type" => "application/json",
                 "Content-Length" => text.bytesize.to_s }, [text]]
    end
  end
end
