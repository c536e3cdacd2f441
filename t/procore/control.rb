# The control pages: what the tests read and order under /__.

module Procore
  class Control
    KNOWN = %w[match skip times delay close raw status body headers drop set
               repeat_token pad cut gzip truncate chunked pieces pause
               no_length].freeze

    def initialize(ledger)
      @ledger = ledger
    end

    def call(method, path, data)
      case "#{method} #{path}"
      when "GET /__health"       then [200, { "status" => "ready" }]
      when "GET /__installed"    then [200, @ledger.installed]
      when "DELETE /__installed" then done { @ledger.forget_installed }
      when "GET /__requests"     then [200, @ledger.requests]
      when "DELETE /__requests"  then done { @ledger.forget_requests }
      when "PUT /__behaviour"    then behave(data)
      when "DELETE /__behaviour" then done { @ledger.rules = [] }
      when "PUT /__expired"      then expire(data)
      when "PUT /__redirect"     then register(data)
      when "PUT /__reuse"        then done { Oauth.reuse_tokens(true) }
      when "DELETE /__reuse"     then done { Oauth.reuse_tokens(false) }
      else [404, { "errors" => "no such control" }]
      end
    end

    private

    def done
      yield
      [200, {}]
    end

    # A misspelt rule would make a test pass for the wrong reason.
    def behave(data)
      rules = data.is_a?(Array) ? data : [data]
      rules.each do |rule|
        unless rule.is_a?(Hash) && rule["match"].to_s.match?(%r{\A\S+ /})
          raise ArgumentError, "a rule needs match: METHOD /path"
        end

        unknown = rule.keys - KNOWN
        raise ArgumentError, "unknown: #{unknown.join(", ")}" if unknown.any?
      end
      done { @ledger.rules = rules }
    end

    # One more redirect URI of an app, as its owner would add it at Procore.
    def register(data)
      ActiveRecord::Base.connection_pool.with_connection do
        app = Doorkeeper::Application.by_uid(data["client"])
        next [404, { "errors" => "no such app" }] unless app

        uris = [app.redirect_uri, data["redirect_uri"]].join("\n")
        done { app.update_columns(redirect_uri: uris) }
      end
    end

    # Makes an access token as old as if its life had passed.
    def expire(data)
      ActiveRecord::Base.connection_pool.with_connection do
        token = Doorkeeper::AccessToken.by_token(data["access_token"])
        next [404, { "errors" => "no such token" }] unless token

        past = Time.now.utc - token.expires_in - 1
        done { token.update_columns(created_at: past) }
      end
    end
  end
end
